"""Variables, connections, XComs and secrets."""

from __future__ import annotations

from typing import Any

from support.differential.scenario import Scenario, asks, begun

_VARIABLES = {"who": "me", "empty": "", "nothing": None, "json": '{"a": [1]}', "b/c d": "x", "db_password": "pa55-w0rd"}
_MANY = {f"k{n:02}": str(n) for n in range(30)} | {"other": "x", "under_score": "1", "underXscore": "2", "100%": "y"}
_FULL = {
    "conn_type": "postgres",
    "host": "db.example",
    "schema": "sales",
    "login": "me",
    "password": "pa55-w0rd",
    "port": 5432,
    "extra": '{"mode": "fast", "api_key": "k3y-in-extra", "n": {"token": "t0k-en1"}}',
}
_UNSET = {
    **{f"no_{name}": {**_FULL, name: None} for name in _FULL if name != "conn_type"},
    **{f"empty_{name}": {**_FULL, name: ""} for name in _FULL if name not in ("conn_type", "port")},
    "bare": {"conn_type": "http"},
}
_FALSY: tuple[Any, ...] = (None, False, 0, 0.0, "", [], {})
_ELSEWHERE = '"dag_id": "d", "run_id": "manual__1", "task_id": "up"'
_MAPPED = {"mapped_xcoms": {"up/k": ["a", {"b": 1}, 2.5, None, "e"]}}


def _get(kind: str, key: str, field: str) -> str:
    return f'{{"type": "Get{kind}", {field!r}: {key!r}}}'


def _xcom(kind: str, key: str = "k", more: str = "") -> str:
    return f'{{"type": "{kind}", {_ELSEWHERE}, "key": {key!r}, {more}}}'


def _say(*lines: str) -> str:
    """Write lines to the log, in an event and in a field, and to stdout."""
    return "".join(f"record(event={line!r}, n={{'a': [{line!r}]}})\nprint({line!r}, flush=True)\n" for line in lines)


REQUESTS: tuple[Scenario, ...] = (
    asks("variables are read", *(_get("Variable", key, "key") for key in _VARIABLES), data={"variables": _VARIABLES}),
    asks("variables are missing", _get("Variable", "who", "key"), _get("Variable", "a/b c?d#e", "key")),
    asks(
        "variables are put",
        '{"type": "PutVariable", "key": "who", "value": "you", "description": "text"}',
        '{"type": "PutVariable", "key": "new", "value": None, "description": None}',
        '{"type": "PutVariable", "key": "a/b c", "value": "\\u00fc" * 1000, "description": None}',
        *(_get("Variable", key, "key") for key in ("who", "new", "a/b c")),
        data={"variables": _VARIABLES},
    ),
    asks(
        "variables are deleted",
        *(f'{{"type": "DeleteVariable", "key": {key!r}}}' for key in ("who", "never", "b/c d")),
        _get("Variable", "who", "key"),
        data={"variables": _VARIABLES},
    ),
    asks(
        "keys of variables are paged",
        '{"type": "GetVariableKeys"}',
        '{"type": "GetVariableKeys", "prefix": "k"}',
        '{"type": "GetVariableKeys", "prefix": "k", "limit": 5, "offset": 28}',
        '{"type": "GetVariableKeys", "prefix": "k", "limit": 1, "offset": 99}',
        '{"type": "GetVariableKeys", "prefix": "under_"}',
        '{"type": "GetVariableKeys", "prefix": "100%"}',
        '{"type": "GetVariableKeys", "prefix": "", "limit": 10000}',
        '{"type": "GetVariableKeys", "prefix": None, "limit": 2}',
        data={"variables": _MANY},
    ),
    asks("a connection is read", _get("Connection", "db", "conn_id"), data={"connections": {"db": _FULL}}),
    asks(
        "connections have fields that are unset",
        *(_get("Connection", conn_id, "conn_id") for conn_id in _UNSET),
        data={"connections": _UNSET},
    ),
    asks("a connection is missing", _get("Connection", "db", "conn_id"), _get("Connection", "a/b", "conn_id")),
    asks("XComs are missing", _xcom("GetXCom"), _xcom("GetXCom", "a/b c"), _xcom("GetXCom", more='"map_index": 3')),
    asks(
        "XComs are falsy",
        *(_xcom("GetXCom", f"k{at}") for at in range(len(_FALSY))),
        data={"xcoms": {f"up/k{at}": value for at, value in enumerate(_FALSY)}},
    ),
    asks(
        "XComs are written, read and deleted",
        *(f'{{"type": "SetXCom", **xcom("k{at}"), "value": {value!r}}}' for at, value in enumerate(_FALSY)),
        *(f'{{"type": "GetXCom", **xcom("k{at}")}}' for at in range(len(_FALSY))),
        '{"type": "SetXCom", **xcom("k1"), "value": {"a": [1, 2.5, True, None, "\\u00fc\\x00", 2**63]}}',
        '{"type": "GetXCom", **xcom("k1")}',
        '{"type": "DeleteXCom", **xcom("k2")}',
        '{"type": "DeleteXCom", **xcom("never")}',
        '{"type": "GetXCom", **xcom("k2")}',
    ),
    asks(
        "an XCom has its length, and is the Dag's result",
        '{"type": "SetXCom", **xcom("k"), "value": [1, 2], "mapped_length": 2, "dag_result": True}',
        '{"type": "GetXCom", **xcom("k")}',
    ),
    asks(
        "XComs have map indexes",
        *(_xcom("GetXCom", more=f'"map_index": {index}') for index in (0, 1, 4, None)),
        data=_MAPPED,
    ),
    begun(
        "an XCom has a megabyte",
        """
        ask({"type": "SetXCom", **xcom("k"), "value": ["x" * 1000] * 1000})
        assert ask({"type": "GetXCom", **xcom("k")})[0]["value"] == ["x" * 1000] * 1000
        succeed()
        """,
    ),
    asks(
        "an XCom of an earlier run is read",
        _xcom("GetXCom", more='"include_prior_dates": True'),
        data={"prior_xcoms": {"up/k": 7}},
    ),
    asks("an XCom of an earlier run is not requested", _xcom("GetXCom"), data={"prior_xcoms": {"up/k": 7}}),
    begun(
        "secrets are masked after they were sent",
        _say("hunter22", "k-e_y.1", "pw-w1th")
        + """
        ask({"type": "MaskSecret", "value": "hunter22"})
        ask({"type": "MaskSecret", "value": {"password": "k-e_y.1", "plain": "not-secret"}})
        ask({"type": "MaskSecret", "value": ["pw-w1th", {"token": ["deep-one"]}], "name": "api_key"})
        ask({"type": "MaskSecret", "value": "not-masked", "name": "plain"})
        ask({"type": "MaskSecret", "value": None})
        """.replace("        ", "")
        + _say("hunter22", "k-e_y.1", "a pw-w1th b", "deep-one", "not-secret not-masked")
        + "succeed()\n",
    ),
    begun(
        "secrets in variables and connections are masked",
        "".join(f"ask({_get('Variable', key, 'key')})\n" for key in _VARIABLES)
        + f"ask({_get('Connection', 'db', 'conn_id')})\n"
        + _say("me pa55-w0rd", f"extra: {_FULL['extra']}.")
        + "succeed()\n",
        data={"variables": _VARIABLES, "connections": {"db": _FULL}},
    ),
    asks(
        "rendered fields and a map index are set",
        '{"type": "SetRenderedFields", "rendered_fields": {"sql": "select 1", "n": [1, {"a": None}]}}',
        '{"type": "SetRenderedFields", "rendered_fields": {}}',
        '{"type": "SetRenderedMapIndex", "rendered_map_index": "Oslo"}',
        '{"type": "SetRenderedMapIndex", "rendered_map_index": ""}',
        task={"map_index": 2},
    ),
)
