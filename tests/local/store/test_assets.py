"""Tests of assets, their aliases and events."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from dagfloe import Asset, AssetAlias, Bundle
from dagfloe.local.store.asset_records import AssetEventRecord, AssetKey
from dagfloe.local.store.declarations import add_declarations
from dagfloe.local.store.run_records import DagRunRecord
from dagfloe.local.store.store import Store
from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.metadata import bundle_metadata
from support.schemas import NEW
from support.store_requests import OTHER_TI, TASK, answer, ask, refused

WHEN = datetime(2026, 1, 1, tzinfo=timezone.utc)
RAW = {"name": "raw", "uri": "s3://raw", "group": "asset", "extra": {}}
KEY = {"name": "raw", "uri": "s3://raw"}
OUTLET = {"type": "Asset", **KEY}


def succeed(store: Store, outlets: list[dict[str, Any]], *events: dict[str, Any], **task: Any) -> None:
    """End the task successfully, with outlets."""
    reply = ask(store, "SucceedTask", end_date=WHEN, task_outlets=outlets, outlet_events=list(events), **task)
    assert reply == (None, None)


def get_events(store: Store, name: str | None = "raw", uri: str | None = None, **filters: Any) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = answer(store, "GetAssetEventByAsset", name=name, uri=uri, **filters)["asset_events"]
    return events


def store_with_events() -> Store:
    """A store with an asset that has an event on three days, added in another order."""
    store = Store()
    store.add_asset("raw", "s3://raw")
    for day in (2, 0, 1):
        extra, key = {"day": str(day), "n": day}, f"2026-01-0{day + 1}"
        when = WHEN + timedelta(days=day)
        store.add_asset_event(
            AssetEventRecord(asset=AssetKey("raw", "s3://raw"), timestamp=when, extra=extra, partition_key=key)
        )
    return store


def days(events: list[dict[str, Any]]) -> list[int]:
    return [event["extra"]["n"] for event in events]


def test_lookup() -> None:
    """An asset is found by its name and by its URI; a missing one is an error in the body."""
    store = Store()
    store.add_asset("raw", "s3://raw", group="g", extra={"owner": "me"})
    asset = {"type": "AssetResult", "name": "raw", "uri": "s3://raw", "group": "g", "extra": {"owner": "me"}}
    assert answer(store, "GetAssetByName", name="raw") == asset
    assert answer(store, "GetAssetByUri", uri="s3://raw") == asset
    missing = {"type": "ErrorResponse", "error": "ASSET_NOT_FOUND"}
    assert answer(store, "GetAssetByName", name="x") == {**missing, "detail": {"name": "x"}}
    assert answer(store, "GetAssetByUri", uri="raw") == {**missing, "detail": {"uri": "raw"}}
    assert refused(store, "GetAssetByName", name="")["exception_type"] == "ValueError"


def test_default_uri() -> None:
    """The default URI of an asset is its name, as in Airflow."""
    store = Store()
    store.add_asset("raw")
    assert answer(store, "GetAssetByUri", uri="raw")["name"] == "raw"


def test_outlet_events() -> None:
    """Every outlet of a successful task has one or more events, with the extra that the task sets."""
    store = Store()
    store.save_run(DagRunRecord(dag_id="d", run_id="r", run_after=WHEN, partition_key="p"))
    store.add_asset("named", "s3://named")
    outlets = [OUTLET, {"type": "AssetNameRef", "name": "named"}, {"type": "AssetUriRef", "uri": "s3://nobody"}]
    event = {"dest_asset_key": KEY, "extra": {"rows": 3}}
    succeed(store, outlets, event, {**event, "partition_key": "q"}, {"dest_asset_key": {"name": "x", "uri": "x"}})
    source = {"source_dag_id": "d", "source_run_id": "r", "source_task_id": "t", "source_map_index": -1}
    first, second = get_events(store)
    assert first.pop("timestamp") <= datetime.now(tz=timezone.utc)
    assert first == {
        "id": 1,
        "extra": {"rows": 3},
        "asset": RAW,
        "created_dagruns": [],
        "partition_key": "p",
        **source,
    }
    assert (second["id"], second["partition_key"]) == (2, "q")
    assert [event["extra"] for event in get_events(store, "named")] == [{}]
    assert get_events(store, "x") == get_events(store, None, "s3://nobody") == []


def test_second_terminal_message() -> None:
    """A second terminal message of a task instance adds no events."""
    store = Store()
    succeed(store, [OUTLET])
    succeed(store, [OUTLET])
    assert len(get_events(store)) == 1


def test_aliases() -> None:
    """An event of an alias is found by the alias, and by its asset as soon as a Dag has the asset."""
    store = Store()
    event = {"source_alias_name": "al", "dest_asset_key": KEY, "dest_asset_extra": {"a": 1}, "extra": {"rows": 3}}
    event_of_other_alias = {**event, "source_alias_name": "no outlet"}
    succeed(store, [{"type": "AssetAlias", "name": "al"}], event, event_of_other_alias)
    (alias_event,) = answer(store, "GetAssetEventByAssetAlias", alias_name="al")["asset_events"]
    assert (alias_event["asset"], alias_event["extra"]) == ({**RAW, "extra": {"a": 1}}, {"rows": 3})
    assert answer(store, "GetAssetsByAlias", alias_name="al") == {
        "type": "AssetsByAliasResult",
        "assets": [{"type": "AssetResult", **RAW, "extra": {"a": 1}}],
    }
    assert answer(store, "GetAssetByName", name="raw")["error"] == "ASSET_NOT_FOUND"
    assert refused(store, "ClearAssetStateStoreByName", name="raw")["status_code"] == 404
    assert (get_events(store), get_events(store, "raw", "s3://raw")) == ([], [alias_event])
    store.add_asset("raw", "s3://raw")
    assert get_events(store)[0]["id"] == alias_event["id"]
    for name in ("no outlet", "unknown"):
        assert answer(store, "GetAssetsByAlias", alias_name=name)["assets"] == []
        assert answer(store, "GetAssetEventByAssetAlias", alias_name=name)["asset_events"] == []


def test_order_and_limits() -> None:
    """Events are in the order of their time, ascending or descending, up to the limit."""
    store = store_with_events()
    assert days(get_events(store)) == [0, 1, 2]
    assert days(get_events(store, ascending=False)) == [2, 1, 0]
    assert days(get_events(store, ascending=False, limit=1)) == [2]
    assert days(get_events(store, limit=0)) == [0, 1, 2]
    assert days(get_events(store, after=WHEN + timedelta(days=1))) == [1, 2]
    assert days(get_events(store, before=WHEN + timedelta(days=1))) == [0, 1]
    assert days(get_events(store, None, "s3://raw", after="2026-01-02T00:00:00Z", before=WHEN)) == []
    assert get_events(store, "raw", "another uri") == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"partition_key": "2026-01-02"}, [1]),
        ({"partition_key_regexp_pattern": "0[12]$"}, [0, 1]),
        ({"partition_key": "2026-01-02", "partition_key_regexp_pattern": "03$"}, []),
        ({"extra": {"day": "2"}}, [2]),
        ({"extra": {"day": "2", "other": "1"}}, []),
        ({"extra": {}, "partition_key": None}, [0, 1, 2]),
    ],
    ids=str,
)
def test_newer_filters(filters: dict[str, Any], expected: list[int]) -> None:
    """Airflow 3.4 filters by partition key, by its pattern and by extra."""
    assert days(get_events(store_with_events(), version=NEW, **filters)) == expected


def test_invalid_event_requests() -> None:
    """A request without name and URI, or with an invalid pattern, fails."""
    store = store_with_events()
    assert refused(store, "GetAssetEventByAsset", name=None, uri="")["exception_type"] == "ValueError"
    assert refused(store, "GetAssetEventByAssetAlias", alias_name="")["exception_type"] == "ValueError"
    pattern: dict[str, Any] = {"partition_key_regexp_pattern": "("}
    assert refused(store, "GetAssetEventByAsset", version=NEW, name="raw", uri=None, **pattern)["status_code"] == 400


def test_validation() -> None:
    """No asset is inactive here; a task instance cannot ask about another one."""
    reply = answer(Store(), "ValidateInletsAndOutlets", ti_id=TASK.ti_id)
    assert reply == {"type": "InactiveAssetsResult", "inactive_assets": []}
    assert refused(Store(), "ValidateInletsAndOutlets", ti_id=OTHER_TI)["status_code"] == 403


def test_declared_assets() -> None:
    """A store has the assets of a manifest: of schedules, also inside conditions, and of tasks."""
    bundle = Bundle()
    bundle.dag("list", schedule=[Asset("a", "s3://a")])
    dag = bundle.dag("condition", schedule=Asset("b", group="g") & (Asset("c", extra={"x": 1}) | AssetAlias("d")))
    dag.task(task_id="t", outlets=[Asset("e"), Asset.ref(name="f")])(lambda: None)
    bundle.dag("nothing", schedule="@daily")
    store = Store()
    add_declarations(bundle_metadata(BundleConfig("tasks:bundle", "p", "1", "tasks.py"), bundle), store)
    found = {name: store.find_asset(name) for name in "abcdef"}
    assert [name for name, asset in found.items() if asset is not None] == ["a", "b", "c", "e"]
    assert (found["b"] and found["b"].group, found["c"] and found["c"].extra) == ("g", {"x": 1})
