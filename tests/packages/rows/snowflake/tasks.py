"""The driver of Snowflake, against a server that answers as Snowflake does."""

from __future__ import annotations

import os

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("snowflake")


def address(client: Client) -> dict:
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"  # it would ask the cloud in which it runs
    host, _, port = client.get_variable("http_url").removeprefix("http://").partition(":")
    return {
        "user": "author",
        "password": "fish",
        "account": "shop",
        "host": host,
        "port": int(port),
        "protocol": "http",
    }


@dag.task
def use_connector(client: Client) -> list:
    import snowflake.connector
    from snowflake.connector import DictCursor, ProgrammingError

    with snowflake.connector.connect(**address(client)) as connection:
        rows = (
            connection.cursor(DictCursor)
            .execute("SELECT name, weight, caught FROM catch WHERE weight > %s", (2,))
            .fetchall()
        )
        try:
            connection.cursor().execute("SELECT wrong")
        except ProgrammingError as error:
            problem = [error.errno, error.sqlstate]
    return [[{name: str(value) for name, value in row.items()} for row in rows], problem]


@dag.task
def use_sqlalchemy(client: Client) -> list:
    from snowflake.sqlalchemy import URL
    from sqlalchemy import create_engine, text

    place = address(client)
    protocol = {"protocol": place.pop("protocol")}
    with create_engine(URL(**place), connect_args=protocol).connect() as connection:
        return [str(value) for value in connection.execute(text("SELECT name, weight, caught FROM catch")).one()]
