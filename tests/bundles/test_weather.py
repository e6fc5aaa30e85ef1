"""Tests of the example `weather`: only its frozen file, because its pandas conflicts with that of the tests."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagfloe.runtime.metadata import platform_tag
from dagfloe.testing import MisuseError

if TYPE_CHECKING:
    from dagfloe.testing import TaskEnvironment

pytestmark = pytest.mark.frozen

FILE = Path(__file__).parents[2] / "dist" / platform_tag() / "weather"
DAYS = [
    {"date": "2012-01-01", "precipitation": 1.5, "temp_max": 10.0},
    {"date": "2012-01-02", "precipitation": 0.5, "temp_max": 12.0},
    {"date": "2012-02-01", "precipitation": 1.0, "temp_max": 14.5},
]
MONTHS = [
    {"month": "2012-01", "rain_mm": 2.0, "temp_max_c": 11.0, "days": 2},
    {"month": "2012-02", "rain_mm": 1.0, "temp_max_c": 14.5, "days": 1},
]


def test_unknown_task(dagfloe_env: TaskEnvironment) -> None:
    """The error for an unknown task lists the tasks of the file."""
    with pytest.raises(MisuseError, match=r"'nope' in 0 Dags: .*\(weather: extract, aggregate, load\)"):
        dagfloe_env.run("nope", file=FILE)
    assert dagfloe_env.run("nope", file=FILE, dag_id="weather").log.has("is not in this bundle")


def test_extract(dagfloe_env: TaskEnvironment) -> None:
    """The pandas in the file reads the observations in the file."""
    result = dagfloe_env.run("extract", file=FILE).raise_for_state()
    assert len(result.value) == 1461
    assert set(result.value[0]) == set(DAYS[0])
    assert result.log.has(r"^read 1461 days, pandas 1\.", level="info")


def test_aggregate(dagfloe_env: TaskEnvironment) -> None:
    """The task aggregates days to months."""
    dagfloe_env.xcoms["extract"] = DAYS
    result = dagfloe_env.run("aggregate", file=FILE).raise_for_state()
    assert result.value == MONTHS
    assert result.log.has("^2 months, the wettest is 2012-01$")


def test_load(dagfloe_env: TaskEnvironment, tmp_path: Path) -> None:
    """The task writes the months to the connection's database."""
    database = tmp_path / "weather.db"
    dagfloe_env.connections["weather_db"] = {"conn_type": "sqlite", "host": str(database)}
    dagfloe_env.xcoms["aggregate"] = MONTHS
    result = dagfloe_env.run("load", file=FILE).raise_for_state()
    assert result.xcoms["rows"] == 2
    assert result.xcoms["wettest_month"] == "2012-01"
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("SELECT month, days FROM months").fetchall() == [("2012-01", 2), ("2012-02", 1)]


@pytest.mark.parametrize(
    ("connection", "reason"),
    [(None, "ConnectionNotFound"), ({"conn_type": "http", "host": "x"}, "should be of type sqlite")],
    ids=["none", "wrong"],
)
def test_load_without_a_database(dagfloe_env: TaskEnvironment, connection: dict[str, str] | None, reason: str) -> None:
    """Without a connection to a database, the task fails, and is retried while tries are left."""
    if connection is not None:
        dagfloe_env.connections["weather_db"] = connection
    dagfloe_env.xcoms["aggregate"] = MONTHS
    result = dagfloe_env.run("load", file=FILE, retries=1)
    assert [run.state for run in result.tries] == ["up_for_retry", "failed"]
    assert reason in result.log.text
