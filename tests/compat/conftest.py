"""Airflow's names in the process of the tests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from dagfloe.authoring.parameters import CONTEXT_KEYS
from dagfloe.compat.install import install

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def airflow_names() -> Iterator[None]:
    """Have Airflow's names during a test, as a process of a project with `airflow-names` does."""
    path = list(sys.path)
    install()
    yield
    sys.path[:] = path
    CONTEXT_KEYS.clear()
    for name in [name for name in sys.modules if name == "airflow" or name.startswith("airflow.")]:
        del sys.modules[name]
