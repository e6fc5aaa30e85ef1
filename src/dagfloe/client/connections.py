"""Airflow's connections: `client.connections`."""

from __future__ import annotations

import os

from dagfloe.errors import RemoteProtocolError
from dagfloe.masking import secret_parts
from dagfloe.model.connection import Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.client._exchange import Exchange
    from dagfloe.messages.v2026_06_16 import ConnectionResult, GetConnection


class Connections:
    """Reads connections."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def get(self, conn_id: str) -> Connection:
        """Read a connection: from `AIRFLOW_CONN_<ID>` (URI or JSON) if the environment has it, else from Airflow.

        From then on, its password and the secret parts of its extra are masked in the log.

        Raises:
            ConnectionNotFound: if there is no such connection.
            DagfloeError: if the connection in the environment is malformed; the message does not show it.
        """
        value = os.environ.get(f"AIRFLOW_CONN_{conn_id.upper()}")
        if value is not None:
            return self._from_environment(conn_id, value)
        body: GetConnection = {"type": "GetConnection", "conn_id": conn_id}
        reply: ConnectionResult = self._exchange.ask(body, "ConnectionResult")
        self._exchange.secrets.add(reply.get("password"))
        self._exchange.secrets.add_extra(reply.get("extra"))
        if "conn_type" not in reply:
            raise RemoteProtocolError(f"the supervisor answered with connection {conn_id!r} without its conn_type")
        return Connection(
            conn_id,
            reply["conn_type"],
            host=reply.get("host"),
            schema=reply.get("schema"),
            login=reply.get("login"),
            password=reply.get("password"),
            port=reply.get("port"),
            extra=reply.get("extra"),
        )

    def _from_environment(self, conn_id: str, value: str) -> Connection:
        connection = Connection.from_text(conn_id, value)
        secrets = [secret for secret in (connection.password, *secret_parts(connection.extra_text)) if secret]
        if secrets:
            self._exchange.secrets.add(secrets)
            self._exchange.send({"type": "MaskSecret", "value": secrets, "name": None})
        return connection
