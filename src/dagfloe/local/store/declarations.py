"""Adds the Dags and assets that a bundle declares to a store, as Airflow knows them from the Dag file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.local.store.run_records import DagRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagfloe.local.store.store import Store


def add_declarations(manifest: Mapping[str, Any], store: Store) -> None:
    """Add the Dags of a validated manifest, and the assets that they declare with both name and URI."""
    for dag_id, entry in manifest["dags"].items():
        declaration = entry.get("declaration") or {"tasks": {}}
        store.save_dag(DagRecord(dag_id=dag_id, tags=list(declaration.get("tags", ()))))
        for asset in _declared_assets(declaration):
            if "name" in asset and "uri" in asset:
                store.add_asset(asset["name"], asset["uri"])


def _declared_assets(declaration: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    schedule = declaration.get("schedule")
    if isinstance(schedule, dict):
        yield from schedule.get("assets", ())
    for task in declaration["tasks"].values():
        yield from (*task.get("outlets", ()), *task.get("inlets", ()))
