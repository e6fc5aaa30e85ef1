"""Fills the store of the embedded supervisor with the data that the API server in memory starts with."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dagfloe import Connection
from dagfloe.local.store.asset_records import AssetEventRecord, AssetKey
from dagfloe.local.store.run_records import DagRunRecord, TaskInstanceRecord
from dagfloe.local.store.store import Store, XComKey
from support.differential.outcome import LOGICAL_DATE

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN_ID = "manual__1"
_SOURCE = ("source_dag_id", "source_run_id", "source_task_id", "source_map_index")


def filled_store(data: Mapping[str, Any], dag_id: str) -> Store:
    """Create a store with the data of a scenario, in the format of `tests/airflow/api_server.py`."""
    store = Store()
    for key, value in data.get("variables", {}).items():
        store.set_variable(key, value)
    for conn_id, fields in data.get("connections", {}).items():
        store.add_connection(Connection(conn_id, **fields))
    _add_xcoms(store, data, dag_id)
    _add_assets(store, data)
    _add_runs(store, data, dag_id)
    return store


def _add_xcoms(store: Store, data: Mapping[str, Any], dag_id: str) -> None:
    def key_of(name: str, run_id: str = RUN_ID, map_index: int = -1) -> XComKey:
        task_id, _, key = name.partition("/")
        return XComKey(dag_id, run_id, task_id, map_index, key)

    for name, value in data.get("xcoms", {}).items():
        store.set_xcom(key_of(name), value)
    for name, value in data.get("prior_xcoms", {}).items():
        store.set_xcom(key_of(name, "before"), value)
    for name, values in data.get("mapped_xcoms", {}).items():
        for index, value in enumerate(values):
            store.set_xcom(key_of(name, map_index=index), value)


def _add_assets(store: Store, data: Mapping[str, Any]) -> None:
    aliases = data.get("asset_aliases", {})
    for asset in data.get("assets", ()):
        own_aliases = [alias for alias, names in aliases.items() if asset["name"] in names]
        store.add_asset(asset["name"], asset["uri"], group=asset["group"], extra=asset["extra"], aliases=own_aliases)
    for event in data.get("asset_events", ()):
        record = AssetEventRecord(
            asset=AssetKey(event["asset"]["name"], event["asset"]["uri"]),
            timestamp=_parse(event["timestamp"]),
            extra=event["extra"],
            **{name: event[name] for name in _SOURCE},
        )
        store.add_asset_event(record)


def _add_runs(store: Store, data: Mapping[str, Any], dag_id: str) -> None:
    for name, fields in data.get("dag_runs", {}).items():
        run_dag_id, _, run_id = name.partition("/")
        dates = {key: _parse(value) for key, value in fields.items() if value and key in _RUN_DATES}
        rest = {key: value for key, value in fields.items() if key not in _RUN_DATES}
        store.save_run(DagRunRecord(dag_id=run_dag_id, run_id=run_id, **{"run_after": LOGICAL_DATE, **dates, **rest}))
    for fields in data.get("task_instances", ()):
        run_id, date = fields["run_id"], fields.get("logical_date")
        if date:
            store.save_run(
                DagRunRecord(dag_id=dag_id, run_id=run_id, logical_date=_parse(date), run_after=_parse(date))
            )
        values = {**fields, **{key: _parse(fields[key]) for key in ("start_date", "end_date") if key in fields}}
        values.pop("logical_date", None)
        store.save_task_instance(TaskInstanceRecord(dag_id=dag_id, ti_id=str(uuid.uuid4()), **values))


_RUN_DATES = ("logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date", "end_date")


def _parse(date: str) -> datetime:
    return datetime.fromisoformat(date.replace("Z", "+00:00"))
