"""What an Airflow deployment would know, in memory, and the answers that the supervisor gives from it. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from dagfloe.runtime.requests import TERMINAL_STATES
from dagfloe.secrets import Secrets, is_telling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagfloe.connection import Connection
    from dagfloe.local.task import TaskRun

_MAX_PAGE = 10_000


class Reply(NamedTuple):
    """What goes back for a request: a body, or an error in the frame's third element, or neither."""

    body: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class XComKey(NamedTuple):
    """Where an XCom is."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    key: str


class Store:
    """Variables, connections and XComs. One store serves all tasks of a run.

    Attributes:
        secrets: what is masked in log records.
        variables: values by key.
        connections: connections by conn_id.
        xcoms: values by place, in the order of writing.
        rendered_fields: what the tasks sent as their rendered fields, by the task instance's id.
        rendered_map_indexes: likewise their rendered map indexes.
    """

    def __init__(self) -> None:
        self.secrets = Secrets()
        self.variables: dict[str, str | None] = {}
        self.connections: dict[str, Connection] = {}
        self.xcoms: dict[XComKey, Any] = {}
        self.rendered_fields: dict[str, dict[str, Any]] = defaultdict(dict)
        self.rendered_map_indexes: dict[str, str] = {}
        self._served: dict[str, Callable[[Mapping[str, Any], TaskRun], Reply]] = {
            "DeleteVariable": self._delete_variable,
            "DeleteXCom": self._delete_xcom,
            "GetConnection": self._get_connection,
            "GetVariable": self._get_variable,
            "GetVariableKeys": self._get_variable_keys,
            "GetXCom": self._get_xcom,
            "MaskSecret": self._mask_secret,
            "PutVariable": self._put_variable,
            "SetRenderedFields": self._set_rendered_fields,
            "SetRenderedMapIndex": self._set_rendered_map_index,
            "SetXCom": self._set_xcom,
        }

    def __repr__(self) -> str:
        counts = f"{len(self.variables)} variables, {len(self.connections)} connections, {len(self.xcoms)} XComs"
        return f"Store({counts})"

    def set_variable(self, key: str, value: str | None) -> None:
        """Write a variable. A telling key makes its value a secret."""
        self.variables[key] = value
        self._mask(value, key)

    def add_connection(self, connection: Connection) -> None:
        """Add a connection. Its password and the secret parts of its extra are secrets."""
        self.connections[connection.conn_id] = connection
        self._mask_connection(connection)

    def return_value(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> Any:
        """The XCom `return_value` of a task instance; None when there is none."""
        return self.xcoms.get(XComKey(dag_id, run_id, task_id, map_index, "return_value"))

    def answer(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        """The reply to a request.

        Args:
            body: a body for which `requests.refusal` finds nothing.
            task: the task instance that asks.

        Returns:
            The reply; for a request that this store does not serve, the error that the supervisor has for those that
            it does not know.
        """
        kind = body["type"]
        if kind in TERMINAL_STATES:
            return Reply()
        serve = self._served.get(kind)
        if serve is None:
            return _api_error({"status_code": 400, "message": "Unhandled request"})
        return serve(body, task)

    def _get_variable(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        key = body["key"]
        if key not in self.variables:
            return _not_found("VARIABLE_NOT_FOUND", {"key": key})
        self._mask(self.variables[key], key)
        return Reply({"type": "VariableResult", "key": key, "value": self.variables[key]})

    def _put_variable(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        self.set_variable(body["key"], body["value"])
        return Reply()

    def _delete_variable(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        self.variables.pop(body["key"], None)
        return Reply({"type": "OKResponse", "ok": True})

    def _get_variable_keys(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        limit, offset = body.get("limit", 1000), body.get("offset", 0)
        if not 1 <= limit <= _MAX_PAGE or offset < 0:
            return _api_error({"status_code": 422, "message": "limit or offset is out of range", "detail": None})
        found = sorted(key for key in self.variables if key.startswith(body.get("prefix") or ""))
        return Reply(
            {"type": "VariableKeysResult", "keys": found[offset : offset + limit], "total_entries": len(found)}
        )

    def _get_connection(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        connection = self.connections.get(body["conn_id"])
        if connection is None:
            return _not_found("CONNECTION_NOT_FOUND", {"conn_id": body["conn_id"]})
        self._mask_connection(connection)
        return Reply(
            {
                "type": "ConnectionResult",
                "conn_id": connection.conn_id,
                "conn_type": connection.conn_type,
                "host": connection.host,
                "schema": connection.schema,
                "login": connection.login,
                "password": connection.password,
                "port": connection.port,
                "extra": connection.extra_text,
            }
        )

    def _get_xcom(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        wanted = _xcom_key(body)
        value = self.xcoms.get(wanted)
        if wanted not in self.xcoms and body.get("include_prior_dates"):
            anywhere = [place for place in self.xcoms if place._replace(run_id=wanted.run_id) == wanted]
            value = self.xcoms[anywhere[-1]] if anywhere else None
        return Reply({"type": "XComResult", "key": wanted.key, "value": value})

    def _set_xcom(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        if not _is_finite(body["value"]):
            return _api_error({"status_code": None, "message": "no JSON form", "exception_type": "ValueError"})
        place = _xcom_key(body)
        self.xcoms.pop(place, None)  # so that the order is that of the last writing
        self.xcoms[place] = body["value"]
        return Reply()

    def _delete_xcom(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        self.xcoms.pop(_xcom_key(body), None)
        return Reply()

    def _mask_secret(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        self._mask(body["value"], body.get("name"), unnamed=True)
        return Reply()

    def _set_rendered_fields(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        self.rendered_fields[task.ti_id] |= body["rendered_fields"]
        return Reply()

    def _set_rendered_map_index(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        self.rendered_map_indexes[task.ti_id] = body["rendered_map_index"]
        return Reply()

    def _mask_connection(self, connection: Connection) -> None:
        self.secrets.add(connection.password)
        self.secrets.add_extra(connection.extra_text)

    def _mask(self, value: Any, name: str | None, *, unnamed: bool = False) -> None:
        """Mask the texts of a value that have a telling name; with `unnamed`, those without a name as well."""
        if isinstance(value, dict):
            for key, item in value.items():
                self._mask(item, key)
        elif isinstance(value, list):
            for item in value:
                self._mask(item, name, unnamed=unnamed)
        elif isinstance(value, str) and (is_telling(name) if name else unnamed):
            self.secrets.add(value)


def _xcom_key(body: Mapping[str, Any]) -> XComKey:
    """The place that a request names; Airflow takes every map index below 0 as -1."""
    map_index = body.get("map_index")
    return XComKey(
        body["dag_id"], body["run_id"], body["task_id"], -1 if map_index is None else max(-1, map_index), body["key"]
    )


def _is_finite(value: Any) -> bool:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, float) and not math.isfinite(item):
            return False
        pending += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return True


def _not_found(code: str, detail: dict[str, Any]) -> Reply:
    """A failed lookup, which is a body."""
    return Reply({"type": "ErrorResponse", "error": code, "detail": detail})


def _api_error(detail: dict[str, Any]) -> Reply:
    """A failure of the API server, which is the frame's third element."""
    return Reply(None, {"type": "ErrorResponse", "error": "API_SERVER_ERROR", "detail": detail})
