"""The tasks: extract the observations, aggregate them by month, and load the months into a database."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from dagfloe import Bundle, Client, Connection
from weather.months import by_month, observations, wettest

log = logging.getLogger(__name__)

bundle = Bundle()
dag = bundle.dag("weather")


@dag.task
def extract() -> list[dict[str, Any]]:
    """Read the columns of the daily observations that the other tasks need; they are small enough for an XCom."""
    observed = observations()
    log.info("read %d days, pandas %s", len(observed), pd.__version__)
    columns = observed[["date", "precipitation", "temp_max"]].assign(date=observed["date"].dt.strftime("%Y-%m-%d"))
    return columns.to_dict("records")


@dag.task
def aggregate(days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Aggregate the days by month."""
    months = by_month(pd.DataFrame(days))
    log.info("%d months, the wettest is %s", len(months), wettest(months)["month"])
    return months.to_dict("records")


@dag.task
def load(aggregated: list[dict[str, Any]], client: Client) -> dict[str, Any]:
    """Write the months into the SQLite database of the connection `weather_db`."""
    connection = client.get_connection("weather_db")
    path = database_path(connection)
    log.info("loading into %s, database of connection %s", path, connection.conn_id)
    months = pd.DataFrame(aggregated)
    with closing(sqlite3.connect(path)) as database, database:
        months.to_sql("months", database, if_exists="replace", index=False)
        rows = database.execute("SELECT count(*) FROM months").fetchone()[0]
    log.info("the table months has %d rows", rows)
    client.set_xcom("rows", rows)
    client.set_xcom("wettest_month", wettest(months)["month"])
    return {"rows": rows, "wettest": wettest(months)}


with dag:
    load(aggregate(extract()))


def database_path(connection: Connection) -> Path:
    """Return the database file of an SQLite connection: its host, or its schema as in `sqlite:///file.db`.

    Raises:
        ValueError: The connection has another type, or no file.
    """
    path = connection.host or connection.schema
    if connection.conn_type != "sqlite" or not path:
        raise ValueError(f"connection {connection.conn_id!r} should be of type sqlite, its host the database file")
    return Path(path)
