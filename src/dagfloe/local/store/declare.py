"""Lets a store know the Dags and assets that a bundle declares, as Airflow knows them from the Dag file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.local.store.run_records import DagRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagfloe.local.store.store import Store


def introduce(manifest: Mapping[str, Any], store: Store) -> None:
    """Add every Dag of a manifest that was validated, and every asset that its declarations name in full."""
    for dag_id, entry in manifest["dags"].items():
        declared = entry.get("declaration") or {"tasks": {}}
        store.save_dag(DagRecord(dag_id=dag_id, tags=list(declared.get("tags", ()))))
        for asset in _assets(declared):
            if "name" in asset and "uri" in asset:
                store.add_asset(asset["name"], asset["uri"])


def _assets(declared: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    schedule = declared.get("schedule")
    if isinstance(schedule, dict):
        yield from schedule.get("assets", ())
    for task in declared["tasks"].values():
        yield from (*task.get("outlets", ()), *task.get("inlets", ()))
