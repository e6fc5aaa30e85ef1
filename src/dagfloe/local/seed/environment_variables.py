"""Variables and connections from the environment, as Airflow reads them: `AIRFLOW_VAR_*`, `AIRFLOW_CONN_*`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagfloe.model.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.local.store.store import Store

_VARIABLE_PREFIX, _CONNECTION_PREFIX = "AIRFLOW_VAR_", "AIRFLOW_CONN_"


def fill_from_environment(store: Store, environ: Mapping[str, str]) -> None:
    """Add the variables and connections of the environment to a store.

    As in Airflow, a lookup finds them in any case, and a list of keys does not show them. A variable or connection of
    the store itself takes precedence.

    Args:
        store: the store.
        environ: the environment, such as `os.environ`.

    Raises:
        DagfloeError: if a connection is neither a URI nor JSON. The message does not show it.
    """
    connections = _with_prefix(environ, _CONNECTION_PREFIX)
    store.add_environment(
        _with_prefix(environ, _VARIABLE_PREFIX),
        {conn_id: Connection.from_text(conn_id, text) for conn_id, text in connections.items()},
    )


def _with_prefix(environ: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Return the values by their names without a prefix. Airflow only finds names in capitals."""
    values = {name.removeprefix(prefix): value for name, value in environ.items() if name.startswith(prefix)}
    return {name: value for name, value in values.items() if name and name == name.upper()}
