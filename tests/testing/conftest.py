"""What several tests of `dagfloe.testing` use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagfloe import Bundle

if TYPE_CHECKING:
    from dagfloe import Dag


@pytest.fixture
def dag() -> Dag:
    """A Dag to register tasks in."""
    return Bundle().dag("d")
