"""`var` and `conn` of Airflow's context: variables and connections as attributes."""

from __future__ import annotations

from dagfloe.compat.connections import Connection
from dagfloe.compat.exceptions import AirflowNotFoundException
from dagfloe.compat.variables import NOTSET, Variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class VariableAccessor:
    """Reads variables: `var["value"].key`, or `var["value"].get("key", default)`.

    Args:
        deserialize_json: whether to decode the values from JSON.
    """

    def __init__(self, *, deserialize_json: bool) -> None:
        self._deserialize_json = deserialize_json

    def __repr__(self) -> str:
        return "<VariableAccessor (dynamic access)>"

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):  # what copies and templates look for is not a variable
            raise AttributeError(key)
        return Variable.get(key, deserialize_json=self._deserialize_json)

    def get(self, key: str, default: Any = NOTSET) -> Any:
        """Read a variable.

        Args:
            key: its key.
            default: the value if the variable does not exist.
        """
        return Variable.get(key, default, deserialize_json=self._deserialize_json)


class ConnectionAccessor:
    """Reads connections: `conn.conn_id`, or `conn.get("conn_id", default)`."""

    def __repr__(self) -> str:
        return "<ConnectionAccessor (dynamic access)>"

    def __getattr__(self, conn_id: str) -> Any:
        if conn_id.startswith("__"):  # as for variables
            raise AttributeError(conn_id)
        return Connection.get(conn_id)

    def get(self, conn_id: str, default_conn: Any = None) -> Any:
        """Read a connection.

        Args:
            conn_id: its id.
            default_conn: the value if the connection does not exist.
        """
        try:
            return Connection.get(conn_id)
        except AirflowNotFoundException:
            return default_conn
