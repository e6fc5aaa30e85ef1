"""The store's variables and connections, and what is secret of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.local.store.replies import Reply, done, invalid, key_of, lookup_error
from dagfloe.masking import Secrets, is_sensitive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.local.store.replies import Serve
    from dagfloe.local.task_run import TaskRun
    from dagfloe.model.connection import Connection

_MAX_PAGE = 10_000


class VariableStore:
    """Variables and connections.

    Attributes:
        secrets: what is masked in log records.
        variables: values by key.
        connections: connections by conn_id.
        written: the variables that tasks wrote, which outlive the run where there is a database.
        environment_variables: values by key in capitals; they are found whatever the case, and not listed.
        environment_connections: connections by conn_id in capitals, likewise.
    """

    def __init__(self) -> None:
        self.secrets = Secrets()
        self.variables: dict[str, str | None] = {}
        self.connections: dict[str, Connection] = {}
        self.written: dict[str, str] = {}
        self.environment_variables: dict[str, str] = {}
        self.environment_connections: dict[str, Connection] = {}

    def served(self) -> dict[str, Serve]:
        """What it answers, by the request's type."""
        return {
            "DeleteVariable": self._delete,
            "GetConnection": self._get_connection,
            "GetVariable": self._get,
            "GetVariableKeys": self._get_keys,
            "MaskSecret": self._mask_secret,
            "PutVariable": self._put,
        }

    def set_variable(self, key: str, value: str | None) -> None:
        """Write a variable. A telling key makes its value a secret."""
        self.variables[key] = value
        self._mask(value, key)

    def add_connection(self, connection: Connection) -> None:
        """Add a connection. Its password and the secret parts of its extra are secrets."""
        self.connections[connection.conn_id] = connection
        self._mask_connection(connection)

    def add_environment(self, variables: Mapping[str, str], connections: Mapping[str, Connection]) -> None:
        """Add variables and connections of the environment; their names are in capitals."""
        self.environment_variables.update(variables)
        self.environment_connections.update(connections)
        for key, value in variables.items():
            self._mask(value, key)
        for connection in connections.values():
            self._mask_connection(connection)

    def _get(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        key = key_of(body)
        value = self.variables.get(key)
        if key not in self.variables:
            value = self.environment_variables.get(key.upper())
            if value is None:
                return lookup_error("VARIABLE_NOT_FOUND", {"key": key})
        self._mask(value, key)
        return Reply({"type": "VariableResult", "key": key, "value": value})

    def _put(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        value = str(body["value"])  # as in Airflow, where null becomes a text
        self.set_variable(key_of(body), value)
        self.written[key_of(body)] = value
        return Reply()

    def _delete(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        self.variables.pop(key_of(body), None)
        self.written.pop(key_of(body), None)
        return done()

    def _get_keys(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        limit, offset = body.get("limit", 1000), body.get("offset", 0)
        if not 1 <= limit <= _MAX_PAGE:
            raise invalid("query", "limit", f"expected a number from 1 to {_MAX_PAGE}")
        if offset < 0:
            raise invalid("query", "offset", "expected 0 or a larger number")
        found = sorted(key for key in self.variables if key.startswith(body.get("prefix") or ""))
        return Reply(
            {"type": "VariableKeysResult", "keys": found[offset : offset + limit], "total_entries": len(found)}
        )

    def _get_connection(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        conn_id = body["conn_id"]
        connection = self.connections.get(conn_id) or self.environment_connections.get(conn_id.upper())
        if connection is None:
            return lookup_error("CONNECTION_NOT_FOUND", {"conn_id": conn_id})
        self._mask_connection(connection)
        return Reply(
            {
                "type": "ConnectionResult",
                "conn_id": conn_id,
                "conn_type": connection.conn_type,
                "host": connection.host,
                "schema": connection.schema,
                "login": connection.login,
                "password": connection.password,
                "port": connection.port,
                "extra": connection.extra_text,
            }
        )

    def _mask_secret(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        self._mask(body["value"], body.get("name"), unnamed=True)
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
        elif isinstance(value, str) and (is_sensitive(name) if name else unnamed):
            self.secrets.add(value)
