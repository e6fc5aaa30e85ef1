"""The store's variables and connections, and the secrets in them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dagfloe.local.store.replies import Reply, get_key, not_found_reply, ok_reply, validation_error
from dagfloe.local.store.saved_items import SavedItem
from dagfloe.masking import Secrets, is_sensitive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagfloe.local.store.replies import Handler
    from dagfloe.local.store.saved_items import Restore
    from dagfloe.local.task_run import TaskRun
    from dagfloe.model.connection import Connection

_MAX_PAGE = 10_000


class VariableStore:
    """Variables and connections.

    Attributes:
        secrets: masked in log records.
        variables: values by key.
        connections: connections by conn_id.
    """

    def __init__(self) -> None:
        self.secrets = Secrets()
        self.variables: dict[str, str | None] = {}
        self.connections: dict[str, Connection] = {}
        # Only variables that tasks wrote are saved: a seed file adds its own in every run.
        self._written: dict[str, str] = {}
        # By names in capitals. A lookup finds them in any case, and a list does not show them.
        self._environment_variables: dict[str, str] = {}
        self._environment_connections: dict[str, Connection] = {}

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers by the type of the request."""
        return {
            "DeleteVariable": self._delete,
            "GetConnection": self._get_connection,
            "GetVariable": self._get,
            "GetVariableKeys": self._get_keys,
            "MaskSecret": self._mask_secret,
            "PutVariable": self._put,
        }

    def set_variable(self, key: str, value: str | None) -> None:
        """Set a variable. The value is masked if the key says that it is a secret."""
        self.variables[key] = value
        self._mask_variable(value, key)

    def delete_variable(self, key: str) -> None:
        """Delete a variable, if there is one."""
        self.variables.pop(key, None)
        self._written.pop(key, None)

    def add_connection(self, connection: Connection) -> None:
        """Add a connection. Its password and the secrets of its extra are masked."""
        self.connections[connection.conn_id] = connection
        self._mask_connection(connection)

    def delete_connection(self, conn_id: str) -> None:
        """Delete a connection, if there is one."""
        self.connections.pop(conn_id, None)

    def add_environment(self, variables: Mapping[str, str], connections: Mapping[str, Connection]) -> None:
        """Add the variables and connections of the environment, by names in capitals."""
        self._environment_variables.update(variables)
        self._environment_connections.update(connections)
        for key, value in variables.items():
            self._mask_variable(value, key)
        for connection in connections.values():
            self._mask_connection(connection)

    def saved_items(self) -> Iterator[SavedItem]:
        """Return the variables that tasks wrote."""
        for key, value in self._written.items():
            yield SavedItem("variable", (key,), value)

    def restorers(self) -> dict[str, Restore]:
        """Return the functions that restore saved items, by noun."""
        return {"variable": self._restore}

    def _restore(self, key: list[Any], value: Any) -> None:
        (name,) = key
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError
        self.set_variable(name, value)
        self._written[name] = value

    def _get(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        key = get_key(body)
        value = self.variables.get(key)
        if key not in self.variables:
            value = self._environment_variables.get(key.upper())
            if value is None:
                return not_found_reply("VARIABLE_NOT_FOUND", {"key": key})
        self._mask_variable(value, key)
        return Reply({"type": "VariableResult", "key": key, "value": value})

    def _put(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        value = str(body["value"])  # as in Airflow, where null becomes the string "None"
        self.set_variable(get_key(body), value)
        self._written[get_key(body)] = value
        return Reply()

    def _delete(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        self.delete_variable(get_key(body))
        return ok_reply()

    def _get_keys(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        limit, offset = body.get("limit", 1000), body.get("offset", 0)
        if not 1 <= limit <= _MAX_PAGE:
            raise validation_error("query", "limit", f"expected a number from 1 to {_MAX_PAGE}")
        if offset < 0:
            raise validation_error("query", "offset", "expected 0 or a larger number")
        keys = sorted(key for key in self.variables if key.startswith(body.get("prefix") or ""))
        return Reply({"type": "VariableKeysResult", "keys": keys[offset : offset + limit], "total_entries": len(keys)})

    def _get_connection(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        conn_id = body["conn_id"]
        connection = self.connections.get(conn_id) or self._environment_connections.get(conn_id.upper())
        if connection is None:
            return not_found_reply("CONNECTION_NOT_FOUND", {"conn_id": conn_id})
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
        self._mask(body["value"], body.get("name"), mask_unnamed=True)
        return Reply()

    def _mask_connection(self, connection: Connection) -> None:
        self.secrets.add(connection.password)
        self.secrets.add_extra(connection.extra_text)

    def _mask_variable(self, value: str | None, key: str) -> None:
        """Mask a variable whose key says that it is a secret, and the strings inside its value if that is JSON.

        Airflow's supervisor masks only the whole value. The runtime masks the inner strings itself, but cannot reach
        what a task writes past Python's streams.
        """
        self._mask(value, key)
        if value is not None and is_sensitive(key):
            with suppress(ValueError, RecursionError):  # not JSON, or nested too deeply
                self.secrets.add(json.loads(value))

    def _mask(self, value: Any, name: str | None, *, mask_unnamed: bool = False) -> None:
        """Mask the strings in a value whose names say that they are secrets.

        Args:
            value: the value.
            name: its name, if it has one.
            mask_unnamed: whether to mask strings without a name, too.
        """
        if isinstance(value, dict):
            for key, item in value.items():
                self._mask(item, key)
        elif isinstance(value, list):
            for item in value:
                self._mask(item, name, mask_unnamed=mask_unnamed)
        elif isinstance(value, str) and (is_sensitive(name) if name else mask_unnamed):
            self.secrets.add(value)
