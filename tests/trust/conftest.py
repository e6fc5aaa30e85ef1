"""What the tests see, for the page."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support.result_tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def tables() -> Iterator[Tables]:
    """Collects what the tests see, and writes it to the file that the environment names."""
    tables = Tables(os.environ.get("DAGFLOE_TABLES"))
    yield tables
    tables.write()
