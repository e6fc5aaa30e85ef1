"""Connections, and their forms in environment variables."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dagfloe.errors import DagfloeError
from dagfloe.model.connection import Connection
from support.strategies import any_text, json_values, text

special_strings = text | st.text("a:/@?#%&=+ []é\n\t\"'\\", max_size=8)
optional = st.none() | special_strings
connections = st.builds(
    Connection,
    st.just("c"),
    st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True),
    host=optional
    | st.sampled_from(["h.example", "H.Example", "::1", "10.0.0.1", "https://h.example", "/var/run/db", "a,b"]),
    schema=optional,
    login=optional,
    password=optional,
    port=st.none() | st.integers(0, 65535),
    extra=st.none()
    | st.dictionaries(special_strings, json_values, max_size=3)
    | st.dictionaries(special_strings, special_strings, max_size=3),
)
pieces = [
    "a",
    ":",
    "/",
    "//",
    "://",
    "@",
    "?",
    "#",
    "%41",
    "%",
    "=",
    "&",
    "[",
    "]",
    "::1",
    "80",
    "é",
    " ",
    "__extra__",
    "+",
    "b-c",
]
uris = st.lists(st.sampled_from(pieces), max_size=10).map("".join).map("t://{}".format) | any_text


def fields(connection: Connection) -> dict[str, Any]:
    """A connection's fields."""
    return {name: getattr(connection, name) for name in Connection.__slots__}


@given(uris)
def test_uri_round_trip(uri: str) -> None:
    """Any string is an error, or a connection whose URI parses to an equal one, except for capitals in its host."""
    try:
        connection = Connection.from_uri("c", uri)
    except DagfloeError:
        return
    again = Connection.from_uri("c", connection.uri)
    assert {**fields(again), "host": (again.host or "").lower()} == {
        **fields(connection),
        "host": (connection.host or "").lower(),
    }
    assert Connection.from_uri("c", again.uri) == again


@given(connections)
def test_any_connection_has_a_uri(connection: Connection) -> None:
    """A connection's URI preserves all fields, except for empty fields and capitals in host names."""
    back = Connection.from_uri("c", connection.uri)
    for name in ("conn_type", "schema", "login", "password"):
        assert (getattr(back, name) or "") == (getattr(connection, name) or "")
    assert (back.host or "").lower() == (connection.host or "").lower()
    assert back.port == connection.port
    assert back.extra == connection.extra
    assert fields(Connection.from_uri("c", back.uri)) == fields(back)


@given(connections)
def test_json_round_trip(connection: Connection) -> None:
    """The JSON form preserves every field, also null and empty strings."""
    form = {name: getattr(connection, name) for name in ("conn_type", "host", "schema", "login", "password", "port")}
    assert Connection.from_text("c", json.dumps({**form, "extra": connection.extra_text})) == connection
    if connection.extra_text:
        assert Connection.from_text("c", json.dumps({**form, "extra": connection.extra})) == connection


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("postgres://u:p%40@h:5432/db?a=1&b=2",
         {"conn_type": "postgres", "login": "u", "password": "p@", "host": "h", "port": 5432, "schema": "db",
          "extra": {"a": "1", "b": "2"}}),
        ("postgresql://h", {"conn_type": "postgres", "host": "h"}),
        ("my-type://", {"conn_type": "my_type", "host": ""}),
        ("http://https%3A%2F%2Fh/x", {"conn_type": "http", "host": "https://h", "schema": "x"}),
        ("http://https://h:8/x", {"conn_type": "http", "host": "https://h", "port": 8, "schema": "x"}),
        ("http://h/?__extra__=%7B%22a%22%3A+%7B%22b%22%3A1%7D%7D", {"host": "h", "extra": {"a": {"b": 1}}}),
        ("sqlite:////tmp/x.db", {"conn_type": "sqlite", "host": "", "schema": "/tmp/x.db"}),  # noqa: S108
        ("sqlite://%2Ftmp%2FX.db", {"host": "/tmp/X.db"}),  # noqa: S108
        ("http://[::1]:80/x", {"host": "::1", "port": 80, "schema": "x"}),
        ("gcp://?k=v&empty=", {"conn_type": "gcp", "extra": {"k": "v", "empty": ""}}),
        ("http://user@/p", {"login": "user", "password": None, "host": "", "schema": "p"}),
        ("http://user:@h", {"login": "user", "password": "", "host": "h"}),
    ],
)  # fmt: skip
def test_uris(uri: str, expected: dict[str, Any]) -> None:
    """A URI's parts are the connection's fields, percent-decoded."""
    connection = Connection.from_text("c", uri)
    assert {name: getattr(connection, name) for name in expected} == expected


SECRET = "hunter2"  # noqa: S105
MALFORMED = [
    f"postgres:{SECRET}",
    f"{SECRET}",
    "",
    f"://{SECRET}",
    f"postgres://u:{SECRET}@h:{SECRET}/db",
    f"postgres://u:pa#{SECRET}@h:5432/db",
    f"postgres://u:p@h:99999/{SECRET}",
    f"postgres://u:{SECRET}@[h/db",
    f'{{"conn_type": "x", "password": "{SECRET}"',
    f'{{"password": "{SECRET}"}}',
    f'{{"conn_type": "x", "password": ["{SECRET}"]}}',
    f'{{"conn_type": ["{SECRET}"]}}',
    f'{{"conn_type": "x", "port": "{SECRET}"}}',
    f'{{"conn_type": "x", "port": ["{SECRET}"]}}',
    f'{{"conn_type": "x", "extra": ["{SECRET}"]}}',
    f'{{"conn_type": "x", "passwort": "{SECRET}"}}',
    '{"conn_type": "x", "extra": ' + "[" * 100_000 + f'"{SECRET}"',
]


@pytest.mark.parametrize("malformed", MALFORMED, ids=lambda value: value[:40])
def test_malformed_connections_are_not_shown(malformed: str) -> None:
    """The error for a malformed connection names the conn_id and the expected form, and does not show the value."""
    with pytest.raises(DagfloeError, match="connection 'db' is malformed: expected ") as caught:
        Connection.from_text("db", malformed)
    error: BaseException | None = caught.value
    while error is not None:  # what a log record would show of it
        assert SECRET not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@given(
    any_text
    | st.dictionaries(st.sampled_from(["conn_type", "host", "port", "extra", "x"]) | text, json_values).map(json.dumps)
)
def test_any_string_is_a_connection_or_an_error(given_text: str) -> None:
    """Any string is a connection or a DagfloeError."""
    try:
        connection = Connection.from_text("c", given_text)
    except DagfloeError:
        return
    assert connection.conn_id == "c"
    assert connection.port is None or isinstance(connection.port, int)


@given(connections, st.text("K7xyz", min_size=3, max_size=8).map("K7-{}".format))
def test_repr_shows_no_secret(connection: Connection, secret: str) -> None:
    """Neither password nor extra is in the repr, nor in an f-string."""
    connection.password = secret
    connection.extra_text = json.dumps({"token": secret})
    assume(not any(secret in str(part) for part in (connection.host, connection.schema, connection.login)))
    assert secret not in repr(connection)
    assert secret not in f"{connection}"


@pytest.mark.parametrize("extra", ["[1]", "3", "hunter2", "null", '"hunter2"', "[" * 100_000])
def test_invalid_extra(extra: str) -> None:
    """An invalid extra can be read as a string; reading it as a dict is an error that does not show it."""
    connection = Connection("db", "x", extra=extra)
    assert connection.extra_text == extra
    with pytest.raises(DagfloeError, match="the extra of connection 'db' is not a JSON object") as caught:
        _ = connection.extra
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("conn_type", ["http", "https", "ftp"])
def test_host_with_a_protocol(conn_type: str) -> None:
    """A host may begin with a protocol, also with the connection's type."""
    connection = Connection("c", conn_type, host="http://h.example", port=80, login="me")
    back = Connection.from_uri("c", connection.uri)
    assert (back.host, back.port, back.login) == ("http://h.example", 80, "me")


def test_uri_with_an_invalid_extra() -> None:
    """The URI contains such an extra as a JSON string."""
    connection = Connection("db", "x", extra="no json")
    assert Connection.from_uri("db", connection.uri).extra_text == "no json"


@pytest.mark.parametrize("extra", [None, "", {}, "{}"])
def test_empty_extra(extra: Any) -> None:
    """Without an extra, `extra` is an empty dict."""
    assert Connection("c", "x", extra=extra).extra == {}


def test_equality() -> None:
    """Connections with equal fields are equal, and are not hashable."""
    assert Connection("c", "x", host="h") == Connection("c", "x", host="h")
    assert Connection("c", "x", host="h") != Connection("c", "x", host="i")
    assert Connection("c", "x") != "c"
    with pytest.raises(TypeError):
        hash(Connection("c", "x"))


def test_names_of_airflow() -> None:
    """The URI and the extra also have the names that they have in Airflow, for hooks that are ported."""
    connection = Connection("db", "postgres", host="h", login="me", extra={"sslmode": "require"})
    assert connection.get_uri() == connection.uri == "postgres://me@h/?sslmode=require"
    assert connection.extra_dejson == connection.extra == {"sslmode": "require"}
