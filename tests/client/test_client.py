"""The client's calls, with an Airflow in memory."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagfloe import (
    ApiServerError,
    Client,
    Connection,
    ConnectionNotFound,
    DagfloeError,
    PermissionDenied,
    ValueNotSerializableError,
    VariableNotFound,
    XComNotFound,
)
from dagfloe.errors import RemoteProtocolError
from dagfloe.masking import Secrets
from support.memory import Airflow, context
from support.strategies import json_values, text


@pytest.fixture
def airflow() -> Airflow:
    """An empty Airflow."""
    return Airflow()


@pytest.fixture
def secrets() -> Secrets:
    """The secrets that the client masks."""
    return Secrets()


@pytest.fixture
def client(airflow: Airflow, secrets: Secrets) -> Client:
    """The client of a mapped task instance."""
    return Client(airflow, context(map_index=7), secrets)


# Variables


def test_variable(client: Client, airflow: Airflow) -> None:
    """A variable's value comes from Airflow."""
    airflow.variables["limit"] = "100"
    assert client.get_variable("limit") == "100"
    assert airflow.requests == [{"type": "GetVariable", "key": "limit"}]


def test_missing_variable(client: Client) -> None:
    """A missing variable raises VariableNotFound, or returns the default, also None."""
    with pytest.raises(VariableNotFound, match="variable 'limit' does not exist"):
        client.get_variable("limit")
    assert client.get_variable("limit", default=5) == 5
    assert client.get_variable("limit", None) is None
    assert client.get_variable("limit", default="[1]", deserialize_json=True) == "[1]"


def test_other_failures_do_not_give_the_default(client: Client, airflow: Airflow) -> None:
    """A default does not hide a server that fails or refuses."""
    airflow.failing["GetVariable"] = "API_SERVER_ERROR"
    with pytest.raises(ApiServerError):
        client.get_variable("limit", default=5)
    airflow.failing["GetVariable"] = "PERMISSION_DENIED"
    with pytest.raises(PermissionDenied):
        client.get_variable("limit", default=5)


def test_variable_in_the_environment(client: Client, airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """AIRFLOW_VAR_<KEY> takes precedence, even if it is empty; no request is sent."""
    airflow.variables["Limit"] = "from Airflow"
    monkeypatch.setenv("AIRFLOW_VAR_LIMIT", "")
    assert client.get_variable("Limit") == ""
    monkeypatch.setenv("AIRFLOW_VAR_LIMIT", "[1, 2]")
    assert client.get_variable("limit", deserialize_json=True) == [1, 2]
    assert airflow.requests == []


def test_secret_variable_in_the_environment(
    client: Client, airflow: Airflow, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable with a sensitive name from the environment is masked here and in the supervisor."""
    monkeypatch.setenv("AIRFLOW_VAR_API_TOKEN", "hunter2")
    assert client.get_variable("api_token") == "hunter2"
    assert airflow.requests == [{"type": "MaskSecret", "value": "hunter2", "name": "api_token"}]
    assert secrets.mask("hunter2") == "***"


def test_secret_variable_of_airflow(client: Client, airflow: Airflow, secrets: Secrets) -> None:
    """A variable with a sensitive name is masked, as a whole and in the parts of its JSON."""
    airflow.variables = {
        "db_password": '{"a": "hunter2", "b": ["swordfish"]}',
        "limit": "one hundred",
        "empty_secret": None,
    }
    client.get_variable("limit")
    client.get_variable("db_password", deserialize_json=True)
    assert client.get_variable("empty_secret") is None
    assert secrets.mask("hunter2 swordfish one hundred") == "*** *** one hundred"


@pytest.mark.parametrize("value", ["hunter2", '{"a": hunter2}', "[1, 2", "", "[" * 100_000])
def test_variable_with_invalid_json(client: Client, airflow: Airflow, value: str) -> None:
    """The error for invalid JSON gives the position, and does not show the value."""
    airflow.variables["settings"] = value
    with pytest.raises(DagfloeError, match=r"variable 'settings' is not JSON \(at (line|its start)") as caught:
        client.get_variable("settings", deserialize_json=True)
    output = "".join(traceback.format_exception(caught.type, caught.value, None))
    assert "hunter2" not in output


@given(value=json_values)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_json_variable_round_trip(client: Client, airflow: Airflow, value: Any) -> None:
    """A value written as JSON is read back as JSON."""
    client.set_variable("settings", value, "what it is", serialize_json=True)
    sent = airflow.requests[-1]
    assert (sent["type"], sent["key"], sent["description"]) == ("PutVariable", "settings", "what it is")
    airflow.variables["settings"] = sent["value"]
    assert client.get_variable("settings", deserialize_json=True) == value


def test_set_variable(client: Client, airflow: Airflow, secrets: Secrets) -> None:
    """A str is written unchanged; the value of a sensitive name is masked before it is sent."""
    client.set_variable("my_secret", "hunter2")
    assert airflow.requests == [{"type": "PutVariable", "key": "my_secret", "value": "hunter2", "description": None}]
    assert secrets.mask("hunter2") == "***"


@pytest.mark.parametrize("key", ["settings", "token"])
def test_values_that_cannot_be_written(client: Client, airflow: Airflow, key: str) -> None:
    """A value that is not a str, or has no JSON form, is an error; nothing is sent."""
    with pytest.raises(
        DagfloeError, match=rf"variable '{key}' takes a str, not dict: use str\(...\) or serialize_json"
    ):
        client.set_variable(key, {"a": "hunter2"})
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    for value in (object(), cyclic, [{"a": {1}}]):
        with pytest.raises(ValueNotSerializableError):
            client.set_variable(key, value, serialize_json=True)
    assert airflow.requests == []


def test_delete_variable(client: Client, airflow: Airflow) -> None:
    """A variable is deleted."""
    client.delete_variable("limit")
    assert airflow.requests == [{"type": "DeleteVariable", "key": "limit"}]


# Connections


def test_connection(client: Client, airflow: Airflow, secrets: Secrets) -> None:
    """A connection distinguishes null from empty, and its secrets are masked."""
    airflow.connections["db"] = {
        "conn_type": "postgres", "host": "h.example", "schema": "", "login": "me", "password": "hunter2",
        "port": 5432, "extra": '{"api_key": "swordfish", "mode": "fast"}',
    }  # fmt: skip
    connection = client.get_connection("db")
    assert (connection.conn_id, connection.conn_type, connection.host) == ("db", "postgres", "h.example")
    assert (connection.schema, connection.login, connection.password, connection.port) == ("", "me", "hunter2", 5432)
    assert connection.extra == {"api_key": "swordfish", "mode": "fast"}
    assert secrets.mask("h.example me hunter2 swordfish fast") == "h.example me *** *** fast"
    assert secrets.mask(connection.uri) == "postgres://me:***@h.example:5432/?api_key=***&mode=fast"


def test_connection_with_unset_fields(client: Client, airflow: Airflow) -> None:
    """Fields that the supervisor leaves out are None."""
    airflow.connections["db"] = {"conn_type": "sqlite"}
    assert client.get_connection("db") == Connection("db", "sqlite")


def test_missing_connection(client: Client) -> None:
    """A missing connection raises ConnectionNotFound."""
    with pytest.raises(ConnectionNotFound, match="connection 'db' does not exist"):
        client.get_connection("db")


@pytest.mark.parametrize(
    "form",
    [
        "postgres://me:hunter2@h.example:5432/db?api_key=swordfish",
        '{"conn_type": "postgres", "login": "me", "password": "hunter2", "extra": {"api_key": ["swordfish"]}}',
    ],
)
def test_connection_in_the_environment(
    client: Client, airflow: Airflow, secrets: Secrets, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """AIRFLOW_CONN_<ID> takes precedence; its secrets are masked here and in the supervisor."""
    monkeypatch.setenv("AIRFLOW_CONN_MY_DB", form)
    connection = client.get_connection("my_db")
    assert (connection.conn_type, connection.login, connection.password) == ("postgres", "me", "hunter2")
    (request,) = airflow.requests
    assert request == {"type": "MaskSecret", "value": ["hunter2", connection.extra_text, "swordfish"], "name": None}
    assert secrets.mask("hunter2 swordfish") == "*** ***"


def test_connection_without_secrets_in_the_environment(
    client: Client, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection without secrets sends no request."""
    monkeypatch.setenv("AIRFLOW_CONN_DB", "sqlite://")
    client.get_connection("db")
    assert airflow.requests == []


def test_malformed_connection_in_the_environment(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for a malformed connection does not show it."""
    monkeypatch.setenv("AIRFLOW_CONN_DB", "postgres://me:hunter2@h:swordfish/db")
    with pytest.raises(DagfloeError) as caught:
        client.get_connection("db")
    output = "".join(traceback.format_exception(caught.type, caught.value, caught.tb))
    assert "hunter2" not in output.partition("DagfloeError: ")[2]
    assert "swordfish" not in output


# XComs


def test_get_xcom(client: Client, airflow: Airflow) -> None:
    """An XCom of this run is read, by default the return value."""
    airflow.xcoms = {("extract", "return_value"): [1], ("extract", "rows"): 3}
    assert client.get_xcom("extract") == [1]
    assert client.get_xcom("extract", "rows") == 3
    client.get_xcom("extract", dag_id="other", run_id="r2", map_index=0, include_prior_dates=True)
    first, _, third = airflow.requests
    assert first == {
        "type": "GetXCom", "key": "return_value", "dag_id": "d", "run_id": "manual__1", "task_id": "extract",
        "map_index": None, "include_prior_dates": False,
    }  # fmt: skip
    assert third == {**first, "dag_id": "other", "run_id": "r2", "map_index": 0, "include_prior_dates": True}


def test_missing_xcom(client: Client, airflow: Airflow) -> None:
    """A missing XCom raises XComNotFound, or returns the default; so does null with a default."""
    with pytest.raises(XComNotFound, match="XCom 'rows' of task 'extract' does not exist"):
        client.get_xcom("extract", "rows")
    assert client.get_xcom("extract", "rows", default=0) == 0
    airflow.xcoms["extract", "rows"] = None
    assert client.get_xcom("extract", "rows") is None
    assert client.get_xcom("extract", "rows", default=0) == 0
    airflow.xcoms["extract", "rows"] = 0
    assert client.get_xcom("extract", "rows", default=5) == 0


def test_own_xcoms(client: Client, airflow: Airflow) -> None:
    """XComs are pushed and deleted with the ids and the map index of this task instance."""
    own = {"key": "rows", "dag_id": "d", "run_id": "manual__1", "task_id": "t", "map_index": 7}
    client.set_xcom("rows", [1, None])
    client.delete_xcom("rows")
    assert airflow.requests == [{"type": "SetXCom", "value": [1, None], **own}, {"type": "DeleteXCom", **own}]


def test_xcom_without_json_form(client: Client, airflow: Airflow) -> None:
    """A value without a JSON form is an error with its path and type; nothing is sent."""
    with pytest.raises(ValueNotSerializableError, match=r"\$\[1\] is of type range"):
        client.set_xcom("rows", [1, range(2)])
    assert airflow.requests == []


# Other calls


def test_mask_secret(client: Client, airflow: Airflow, secrets: Secrets) -> None:
    """`mask_secret` masks a string here and in the supervisor."""
    airflow.failing["MaskSecret"] = "API_SERVER_ERROR"
    with pytest.raises(ApiServerError):
        client.mask_secret("hunter2", "login")
    assert airflow.requests == [{"type": "MaskSecret", "value": "hunter2", "name": "login"}]
    assert secrets.mask("hunter2") == "***"


def test_reply_timeout(client: Client, airflow: Airflow) -> None:
    """A new timeout holds for the following calls."""
    assert client.reply_timeout_s == 1.0
    client.reply_timeout_s = 2.5
    assert airflow.reply_timeout_s == 2.5


REPLIES: list[Any] = [None, {}, {"type": None}, {"type": "OKResponse", "ok": True}]


class Answering(Airflow):
    """A transport with one reply to every request."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._reply = answer

    def _answer(self, body: dict[str, Any]) -> dict[str, Any] | None:
        return self._reply  # type: ignore[no-any-return]


@pytest.mark.parametrize("reply", REPLIES, ids=repr)
def test_unexpected_replies(reply: Any) -> None:
    """A reply of an unexpected type is a protocol error that names both types."""
    client = Client(Answering(reply), context())
    for call in (client.get_variable, client.get_connection, client.get_xcom):
        with pytest.raises(RemoteProtocolError, match="the supervisor answered Get"):
            call("x")


def test_replies_without_their_fields() -> None:
    """A missing value is null; a connection without its type is a protocol error."""
    assert Client(Answering({"type": "VariableResult"}), context()).get_variable("x") is None
    assert Client(Answering({"type": "XComResult"}), context()).get_xcom("x") is None
    with pytest.raises(RemoteProtocolError, match="connection 'x' without its conn_type"):
        Client(Answering({"type": "ConnectionResult"}), context()).get_connection("x")


@given(text, st.sampled_from(["VariableResult", "XComResult", "ConnectionResult"]), json_values)
def test_any_reply(key: str, kind: str, value: Any) -> None:
    """With any reply, the call returns or raises a DagfloeError."""
    reply = {"type": kind, "value": value, "conn_id": value, "conn_type": value, "password": value, "extra": value}
    client = Client(Answering(reply), context())
    for call in (client.get_variable, client.get_connection, client.get_xcom):
        try:
            answer = call(key)
        except DagfloeError:
            continue
        assert answer == value or isinstance(answer, Connection)
