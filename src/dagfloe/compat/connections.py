"""Airflow's `Connection` and `BaseHook`."""

from __future__ import annotations

import json
import logging

from dagfloe.call_errors import ConnectionNotFound
from dagfloe.compat.current import current_session
from dagfloe.compat.exceptions import AirflowNotFoundException
from dagfloe.model.connection import Connection as DagfloeConnection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_FIELDS = ("host", "schema", "login", "password", "port", "extra")


class Connection:
    """A connection, with Airflow's attributes: `extra` is a str, and `extra_dejson` its content.

    Args:
        conn_id: its id.
        conn_type: its type, such as `postgres`.
        description: its description.
        host: the host name.
        login: the user name.
        password: the password, a secret.
        schema: the name of a database, or the like.
        port: the TCP port.
        extra: a JSON object as a str; a secret.
        uri: all of these as a URI, instead of them.
    """

    def __init__(
        self,
        conn_id: str,
        conn_type: str | None = None,
        description: str | None = None,
        host: str | None = None,
        login: str | None = None,
        password: str | None = None,
        schema: str | None = None,
        port: int | None = None,
        extra: str | None = None,
        uri: str | None = None,
    ) -> None:
        self.conn_id = conn_id
        self.conn_type = conn_type
        self.description = description
        self.host = host
        self.login = login
        self.password = password
        self.schema = schema
        self.port = port
        self.extra = extra
        if uri is not None:
            self._read(DagfloeConnection.from_uri(conn_id, uri))

    def __repr__(self) -> str:
        return f"Connection(conn_id={self.conn_id!r}, conn_type={self.conn_type!r}, host={self.host!r})"

    @classmethod
    def get(cls, conn_id: str) -> Connection:
        """Read a connection.

        Args:
            conn_id: its id.

        Raises:
            AirflowNotFoundException: if the connection does not exist.
        """
        try:
            found = current_session("Connection.get").client.connections.get(conn_id)
        except ConnectionNotFound as error:
            raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined") from error
        connection = cls(conn_id)
        connection._read(found)
        return connection

    @classmethod
    async def async_get(cls, conn_id: str) -> Connection:
        """Read a connection: see `get`."""
        return cls.get(conn_id)

    get_connection_from_secrets = get

    @classmethod
    def from_uri(cls, uri: str, conn_id: str) -> Connection:
        """Make a connection from a URI.

        Args:
            uri: the URI.
            conn_id: the id of the connection.
        """
        return cls(conn_id, uri=uri)

    def _read(self, found: DagfloeConnection) -> None:
        self.conn_type, self.extra = found.conn_type, found.extra_text
        for name in _FIELDS[:-1]:
            setattr(self, name, getattr(found, name))

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The extra, decoded from JSON; empty without an extra, or if it is not JSON."""
        try:
            decoded: dict[str, Any] = json.loads(self.extra) if self.extra else {}
        except ValueError:
            return {}
        return decoded

    def get_extra_dejson(self) -> dict[str, Any]:
        """The extra, decoded from JSON: see `extra_dejson`."""
        return self.extra_dejson

    def get_password(self) -> str | None:
        """The password."""
        return self.password

    def get_uri(self) -> str:
        """The connection as a URI, with its password."""
        fields = {name: getattr(self, name) for name in _FIELDS}
        return DagfloeConnection(self.conn_id, self.conn_type or "", **fields).get_uri()

    def get_hook(self, **_: object) -> Any:
        """Refuse: hooks are in providers, which are not in the bundle.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            f"a bundle has no hook for {self.conn_type!r}: use the library itself with the fields of the connection, "
            "such as get_uri(), or leave this task in Airflow"
        )

    def as_json(self) -> str:
        """The connection as JSON, without its id and without empty fields."""
        fields: dict[str, Any] = {"conn_type": self.conn_type, "description": self.description}
        fields |= {name: getattr(self, name) for name in _FIELDS[:-1]}
        if extra := self.extra_dejson:
            fields["extra"] = extra
        return json.dumps({name: value for name, value in fields.items() if value is not None})


class BaseHook:
    """Base of Airflow's hooks.

    Args:
        logger_name: the name of its logger; by default that of its class.
    """

    def __init__(self, logger_name: str | None = None) -> None:
        kind = type(self)
        self._logger_name = logger_name or f"{kind.__module__}.{kind.__qualname__}"

    @property
    def log(self) -> logging.Logger:
        """Its logger."""
        return logging.getLogger(f"airflow.task.hooks.{self._logger_name}")

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """Read a connection: see `Connection.get`.

        Args:
            conn_id: its id.
        """
        return Connection.get(conn_id)

    @classmethod
    async def aget_connection(cls, conn_id: str) -> Connection:
        """Read a connection: see `Connection.get`.

        Args:
            conn_id: its id.
        """
        return Connection.get(conn_id)

    @classmethod
    def get_hook(cls, conn_id: str, hook_params: dict[str, Any] | None = None) -> Any:
        """Refuse: see `Connection.get_hook`.

        Args:
            conn_id: its id.
            hook_params: arguments of the hook.
        """
        return cls.get_connection(conn_id).get_hook(hook_params=hook_params)

    def get_conn(self) -> Any:
        """What a subclass connects to.

        Raises:
            NotImplementedError: unless a subclass has its own.
        """
        raise NotImplementedError
