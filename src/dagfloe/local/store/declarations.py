"""Adds the Dags and assets that a bundle declares to a store, as Airflow knows them from the Dag file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.format.declarations import declaration
from dagfloe.local.store.run_records import DagRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagfloe.local.store.store import Store


def add_declarations(manifest: Mapping[str, Any], store: Store) -> None:
    """Add the Dags of a validated manifest, and the assets that they declare with both name and URI."""
    for dag_id in manifest["dags"]:
        declared = declaration(manifest, dag_id) or {"tasks": {}}
        store.save_dag(DagRecord(dag_id=dag_id, tags=list(declared.get("tags", ()))))
        for asset in _declared_assets(declared):
            if "name" in asset and "uri" in asset and "alias" not in asset:  # else it is an alias
                store.add_asset(**asset)


def _declared_assets(declared: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    schedule = declared.get("schedule")
    if isinstance(schedule, dict):
        yield from schedule.get("assets", ())
        yield from _assets_in(schedule.get("condition", {}))
    for task in declared["tasks"].values():
        yield from (*task.get("outlets", ()), *task.get("inlets", ()))


def _assets_in(condition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    parts = condition.get("all") or condition.get("any")
    if parts is None:
        yield condition
        return
    for part in parts:
        yield from _assets_in(part)
