"""Airflow's `Connection`, and `BaseHook.get_connection`."""

from __future__ import annotations

import json

from dagfloe.call_errors import ConnectionNotFound
from dagfloe.compat.current import current_session
from dagfloe.compat.exceptions import AirflowNotFoundException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Connection:
    """A connection, with Airflow's attributes: `extra` is a string, and `extra_dejson` its content."""

    def __init__(
        self,
        conn_id: str,
        conn_type: str = "",
        *,
        description: str | None = None,
        host: str | None = None,
        schema: str | None = None,
        login: str | None = None,
        password: str | None = None,
        port: int | None = None,
        extra: str | None = None,
    ) -> None:
        self.conn_id = conn_id
        self.conn_type = conn_type
        self.description = description
        self.host = host
        self.schema = schema
        self.login = login
        self.password = password
        self.port = port
        self.extra = extra

    @classmethod
    def get(cls, conn_id: str) -> Connection:
        """Read a connection.

        Args:
            conn_id: its id.

        Raises:
            AirflowNotFoundException: if there is no such connection.
        """
        try:
            found = current_session("Connection.get").client.connections.get(conn_id)
        except ConnectionNotFound as error:
            raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined") from error
        return cls(
            conn_id,
            found.conn_type,
            host=found.host,
            schema=found.schema,
            login=found.login,
            password=found.password,
            port=found.port,
            extra=found.extra_text,
        )

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The extra, decoded from JSON; empty without an extra."""
        decoded: dict[str, Any] = json.loads(self.extra) if self.extra else {}
        return decoded


class BaseHook:
    """Base of Airflow's hooks."""

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """Read a connection: see `Connection.get`.

        Args:
            conn_id: its id.
        """
        return Connection.get(conn_id)
