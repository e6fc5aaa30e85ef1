"""Both drivers for MySQL, alone and below SQLAlchemy. The connector loads plugins and messages by name."""

from __future__ import annotations

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("mariadb")


def address(client: Client) -> dict:
    return {
        "host": client.get_variable("mariadb_host"),
        "port": int(client.get_variable("mariadb_port")),
        "user": "author",
        "password": "fish",
        "database": "shop",
    }


def fill(connection, table: str) -> list:
    cursor = connection.cursor()
    cursor.execute(f"CREATE TEMPORARY TABLE {table} (id INT, name TEXT, weight DECIMAL(5, 2), caught DATETIME)")
    cursor.executemany(
        f"INSERT INTO {table} VALUES (%s, %s, %s, %s)",
        [(1, "Aal", "1.50", "2026-03-01 12:00:00"), (2, "Höcht", "2.25", None)],
    )
    cursor.execute(f"SELECT id, name, weight, caught FROM {table} ORDER BY id")
    rows = [[number, name, str(weight), str(caught)] for number, name, weight, caught in cursor.fetchall()]
    connection.close()
    return rows


def use_sqlalchemy(client: Client, driver: str) -> list:
    from sqlalchemy import URL, create_engine, text

    place = address(client)
    url = URL.create(
        f"mysql+{driver}", place["user"], place["password"], place["host"], place["port"], place["database"]
    )
    with create_engine(url).connect() as connection:
        row = connection.execute(text("SELECT DATABASE(), 40 + :two"), {"two": 2}).one()
    return list(row)


@dag.task
def pymysql_alone(client: Client) -> list:
    import pymysql

    return fill(pymysql.connect(**address(client)), "fish")


@dag.task
def pymysql_sqlalchemy(client: Client) -> list:
    return use_sqlalchemy(client, "pymysql")


@dag.task
def connector_alone(client: Client) -> list:
    import mysql.connector

    return fill(mysql.connector.connect(**address(client)), "fish")


@dag.task
def connector_sqlalchemy(client: Client) -> list:
    return use_sqlalchemy(client, "mysqlconnector")


@dag.task
def connector_with_a_wrong_password(client: Client) -> list:
    import mysql.connector
    from mysql.connector import errorcode

    seen = []
    try:
        mysql.connector.connect(**{**address(client), "password": "wrong"}, use_pure=True)
    except mysql.connector.Error as error:
        seen.append([error.errno == errorcode.ER_ACCESS_DENIED_ERROR, error.sqlstate])
    try:
        mysql.connector.connect(host="127.0.0.1", port=1, use_pure=True)
    except mysql.connector.Error as error:
        seen.append([error.errno, str(error)])
    return seen
