"""Airflow's own code, for all tests of native Dags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.native_airflow import Airflow

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def airflow() -> Iterator[Airflow]:
    """The process that serializes and deserializes Dags."""
    airflow = Airflow()
    yield airflow
    airflow.close()
