"""Variables and connections as Airflow takes them from the environment: `AIRFLOW_VAR_*`, `AIRFLOW_CONN_*`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagfloe.model.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.local.store.store import Store

_VARIABLE, _CONNECTION = "AIRFLOW_VAR_", "AIRFLOW_CONN_"


def fill_from_environment(store: Store, environ: Mapping[str, str]) -> None:
    """Let a store answer with the variables and connections of the environment.

    As in Airflow, they are found by their names in any case, and are not among the keys that are listed. What the
    store has of its own goes before them.

    Args:
        store: what to fill.
        environ: such as `os.environ`.

    Raises:
        DagfloeError: when a connection is neither a URI nor JSON; the message does not show it.
    """
    connections = _with_prefix(environ, _CONNECTION)
    store.add_environment(
        _with_prefix(environ, _VARIABLE),
        {conn_id: Connection.from_text(conn_id, text) for conn_id, text in connections.items()},
    )


def _with_prefix(environ: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The values under names with a prefix, without it; Airflow finds names in capitals only."""
    found = {name.removeprefix(prefix): value for name, value in environ.items() if name.startswith(prefix)}
    return {name: value for name, value in found.items() if name and name == name.upper()}
