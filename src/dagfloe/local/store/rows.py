"""What outlives a run, as rows of text: read from a store, and put back into one."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from dagfloe.local.store.asset_records import AssetEventRecord, AssetKey, AssetRecord
from dagfloe.local.store.run_records import DagRunRecord, TaskInstanceRecord
from dagfloe.local.store.store import XComKey
from dagfloe.values.dates import to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagfloe.local.store.store import Store

    #: The noun, the parts of the key, and the value.
    Thing = tuple[str, tuple[Any, ...], Any]


class Row(NamedTuple):
    """One thing that is kept.

    Attributes:
        noun: what it is, such as `xcom`.
        key: which one it is, a JSON list.
        value: what it holds, JSON.
    """

    noun: str
    key: str
    value: str


def rows_of(store: Store) -> list[Row]:
    """Everything in a store that is kept.

    Of variables only those that tasks wrote are, and connections and events of a seed are not: a seed tells of them
    again.
    """
    with store.lock:
        return [Row(noun, _text(list(key)), _text(value)) for noun, key, value in _things(store)]


def put_back(store: Store, row: Row) -> None:
    """Give a store what was kept.

    Raises:
        ValueError: when the row is none of `rows_of`; the message shows nothing of it.
    """
    with store.lock:
        try:
            _READERS[row.noun](store, json.loads(row.key), json.loads(row.value))
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
            raise ValueError("it does not have the form in which it was written") from None


def _things(store: Store) -> Iterator[Thing]:
    yield from _values(store)
    yield from _assets(store)
    for run in store.runs.values():
        yield "dag_run", (run.dag_id, run.run_id), _plain(run, DagRunRecord)
    for key, instance in store.parts.instances.instances.items():
        yield "task_instance", key, _plain(instance, TaskInstanceRecord)


def _values(store: Store) -> Iterator[Thing]:
    for key, text in store.parts.variables.written.items():
        yield "variable", (key,), text
    for place, value in store.xcoms.items():
        yield "xcom", place, value
    for scope, states in store.parts.states.task_states.items():
        for key, value in states.items():
            yield "task_state", (*scope, key), value


def _assets(store: Store) -> Iterator[Thing]:
    for asset in store.assets.assets.values():
        yield "asset", asset.key, _plain(asset, AssetRecord)
    for alias, assets in store.assets.aliases.items():
        yield "asset_alias", (alias,), assets
    for number, event in enumerate(store.assets.events):
        if not event.is_seeded:
            yield "asset_event", (number,), _plain(event, AssetEventRecord)
    for key, states in store.parts.states.asset_states.items():
        for name, value in states.items():
            yield "asset_state", (*key, name), value


def _put_variable(store: Store, key: list[Any], value: Any) -> None:
    store.set_variable(_checked(key[0]), _checked(value))
    store.parts.variables.written[key[0]] = value


def _put_xcom(store: Store, key: list[Any], value: Any) -> None:
    store.xcoms[XComKey(*key)] = value


def _put_task_state(store: Store, key: list[Any], value: Any) -> None:
    dag_id, run_id, task_id, map_index, name = key
    store.parts.states.task_states.setdefault((dag_id, run_id, task_id, map_index), {})[name] = value


def _put_asset(store: Store, _key: list[Any], value: Any) -> None:
    store.assets.add(_made(AssetRecord, value))


def _put_asset_alias(store: Store, key: list[Any], value: Any) -> None:
    for asset in value:
        store.assets.add(store.assets.assets[AssetKey(*asset)], key)


def _put_asset_event(store: Store, _key: list[Any], value: Any) -> None:
    event = _made(AssetEventRecord, {**value, "asset": AssetKey(*value["asset"])})
    store.assets.add_event(event)


def _put_asset_state(store: Store, key: list[Any], value: Any) -> None:
    name, uri, state = key
    store.parts.states.asset_states.setdefault(AssetKey(name, uri), {})[state] = value


def _put_dag_run(store: Store, _key: list[Any], value: Any) -> None:
    store.save_run(_made(DagRunRecord, value))


def _put_task_instance(store: Store, _key: list[Any], value: Any) -> None:
    store.save_task_instance(_made(TaskInstanceRecord, value))


_READERS: dict[str, Callable[[Store, list[Any], Any], None]] = {
    "asset": _put_asset,
    "asset_alias": _put_asset_alias,
    "asset_event": _put_asset_event,
    "asset_state": _put_asset_state,
    "dag_run": _put_dag_run,
    "task_instance": _put_task_instance,
    "task_state": _put_task_state,
    "variable": _put_variable,
    "xcom": _put_xcom,
}


def _text(value: Any) -> str:
    return json.dumps(value, default=_as_text, separators=(",", ":"))


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _plain(record: object, kind: type) -> dict[str, Any]:
    return {each.name: getattr(record, each.name) for each in fields(kind)}


def _made(kind: type, values: dict[str, Any]) -> Any:
    """A record from its fields, whose dates are texts."""
    dates = {each.name for each in fields(kind) if str(each.type).startswith("datetime")}
    return kind(**{k: to_datetime(v) if k in dates and v is not None else v for k, v in values.items()})


def _checked(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
