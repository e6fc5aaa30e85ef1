"""The example bundles under the real supervisor."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Supervisor  # type: ignore[import-not-found,unused-ignore]


def test_hello(supervisor: Supervisor, dist: Path) -> None:
    """Both tasks of hello succeed: they read a variable, push and read XComs, and log at their levels."""
    greeted = supervisor.run(dist, "hello", "greet", variables={"hello_name": "Airflow"})
    assert (greeted.final_state, greeted.exit_code, greeted.states) == ("success", 0, ["success"])
    assert greeted.xcoms["greet/return_value"]["greeting"] == "Hello, Airflow!"
    record = greeted.record("Hello, Airflow! This is try 1 of run manual__1.")
    assert (record["level"], record["logger"]) == ("info", "hello.greet")
    counted = supervisor.run(dist, "hello", "count", xcoms=greeted.xcoms)
    assert counted.states == ["success"]
    assert counted.xcoms["count/return_value"] == len("HelloAirflow")


def test_weather(supervisor: Supervisor, dist: Path, tmp_path: Path) -> None:
    """All tasks of weather run on the real observations, with a pandas that is too old for current Airflow."""
    database = tmp_path / "weather.db"
    connection = {
        "conn_type": "sqlite",
        "host": str(database),
        "password": "pass-of-db",
        "extra": '{"token": "t0k3n-x"}',
    }
    xcoms: dict[str, Any] = {}
    logs = ""
    for task_id in ("extract", "aggregate", "load"):
        answer = supervisor.run(dist, "weather", task_id, xcoms=xcoms, connections={"weather_db": connection})
        assert (answer.final_state, answer.states) == ("success", ["success"]), answer
        xcoms = answer.xcoms
        logs += json.dumps(answer.raw)
    days = xcoms["extract/return_value"]
    assert len(days) == 1461  # four years
    months: dict[str, float] = {}
    for day in days:
        months[day["date"][:7]] = months.get(day["date"][:7], 0) + day["precipitation"]
    wettest = max(months, key=lambda month: months[month])
    assert (xcoms["load/rows"], xcoms["load/wettest_month"]) == (48, wettest)
    assert wettest == "2015-12"
    with closing(sqlite3.connect(database)) as db:
        rows = dict(db.execute("SELECT month, rain_mm FROM months"))
    assert rows == {month: round(rain, 2) for month, rain in months.items()}
    assert f"loading into {database}" in logs
    for secret in ("pass-of-db", "t0k3n-x"):
        assert secret not in logs


def test_connection_from_the_environment(supervisor: Supervisor, dist: Path, tmp_path: Path) -> None:
    """A connection in the worker's environment precedes the API server's."""
    days = [{"date": "2020-01-01", "precipitation": 1.0, "temp_max": 5.0}]
    uri = f"sqlite://{quote(str(tmp_path / 'Env.db'), safe='')}"
    aggregated = supervisor.run(dist, "weather", "aggregate", xcoms={"extract/return_value": days})
    answer = supervisor.run(dist, "weather", "load", xcoms=aggregated.xcoms, env={"AIRFLOW_CONN_WEATHER_DB": uri})
    assert answer.states == ["success"]
    assert (tmp_path / "Env.db").exists()


def test_missing_connection(supervisor: Supervisor, dist: Path) -> None:
    """Without its connection the task fails, and the log names the connection and the solution."""
    answer = supervisor.run(dist, "weather", "load", xcoms={"aggregate/return_value": [{"month": "2020-01"}]})
    assert answer.states == ["failed"]
    (failure,) = [record["error_detail"] for record in answer.records if "error_detail" in record]
    assert failure[0]["exc_type"] == "ConnectionNotFound"
    assert "connection 'weather_db' does not exist: create it in Airflow" in failure[0]["exc_value"]
