"""Tests of assets, their aliases and events."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from dagfloe.local.store.asset_records import AssetEventRecord, AssetKey
from dagfloe.local.store.run_records import DagRunRecord
from dagfloe.local.store.store import Store
from support.schemas import NEW
from support.store_requests import OTHER_TI, TASK, answer, ask, refused

WHEN = datetime(2026, 1, 1, tzinfo=timezone.utc)
RAW = {"name": "raw", "uri": "s3://raw", "group": "asset", "extra": {}}
KEY = {"name": "raw", "uri": "s3://raw"}
OUTLET = {"type": "Asset", **KEY}


def succeed(store: Store, outlets: list[dict[str, Any]], *events: dict[str, Any], **task: Any) -> None:
    """End the task with outlets."""
    reply = ask(store, "SucceedTask", end_date=WHEN, task_outlets=outlets, outlet_events=list(events), **task)
    assert reply == (None, None)


def events_of(store: Store, name: str | None = "raw", uri: str | None = None, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer(store, "GetAssetEventByAsset", name=name, uri=uri, **filters)["asset_events"]
    return found


def store_with_events() -> Store:
    """A store with an asset that has three events, one a day, added in another order."""
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
    """An asset is found by its name and by its URI; one that is not there is an error in the body."""
    store = Store()
    store.add_asset("raw", "s3://raw", group="g", extra={"owner": "me"})
    asset = {"type": "AssetResult", "name": "raw", "uri": "s3://raw", "group": "g", "extra": {"owner": "me"}}
    assert answer(store, "GetAssetByName", name="raw") == asset
    assert answer(store, "GetAssetByUri", uri="s3://raw") == asset
    missing = {"type": "ErrorResponse", "error": "ASSET_NOT_FOUND"}
    assert answer(store, "GetAssetByName", name="x") == {**missing, "detail": {"name": "x"}}
    assert answer(store, "GetAssetByUri", uri="raw") == {**missing, "detail": {"uri": "raw"}}
    assert refused(store, "GetAssetByName", name="")["exception_type"] == "ValueError"


def test_uri_is_the_name() -> None:
    """An asset without a URI has its name for one, as in Airflow."""
    store = Store()
    store.add_asset("raw")
    assert answer(store, "GetAssetByUri", uri="raw")["name"] == "raw"


def test_outlets_make_events() -> None:
    """Each outlet of a task that succeeded has an event, with what the task told of it, or several."""
    store = Store()
    store.save_run(DagRunRecord(dag_id="d", run_id="r", run_after=WHEN, partition_key="p"))
    store.add_asset("named", "s3://named")
    outlets = [OUTLET, {"type": "AssetNameRef", "name": "named"}, {"type": "AssetUriRef", "uri": "s3://nobody"}]
    told = {"dest_asset_key": KEY, "extra": {"rows": 3}}
    succeed(store, outlets, told, {**told, "partition_key": "q"}, {"dest_asset_key": {"name": "x", "uri": "x"}})
    source = {"source_dag_id": "d", "source_run_id": "r", "source_task_id": "t", "source_map_index": -1}
    first, second = events_of(store)
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
    assert [event["extra"] for event in events_of(store, "named")] == [{}]
    assert events_of(store, "x") == events_of(store, None, "s3://nobody") == []


def test_one_event_a_try() -> None:
    """A second terminal message of a task instance makes no more events."""
    store = Store()
    succeed(store, [OUTLET])
    succeed(store, [OUTLET])
    assert len(events_of(store)) == 1


def test_aliases() -> None:
    """What is told of an alias is an event of an asset, which is found by the alias, or as soon as a Dag has it."""
    store = Store()
    event = {"source_alias_name": "al", "dest_asset_key": KEY, "dest_asset_extra": {"a": 1}, "extra": {"rows": 3}}
    stranger = {**event, "source_alias_name": "no outlet"}
    succeed(store, [{"type": "AssetAlias", "name": "al"}], event, stranger)
    (found,) = answer(store, "GetAssetEventByAssetAlias", alias_name="al")["asset_events"]
    assert (found["asset"], found["extra"]) == ({**RAW, "extra": {"a": 1}}, {"rows": 3})
    assert answer(store, "GetAssetsByAlias", alias_name="al") == {
        "type": "AssetsByAliasResult",
        "assets": [{"type": "AssetResult", **RAW, "extra": {"a": 1}}],
    }
    assert answer(store, "GetAssetByName", name="raw")["error"] == "ASSET_NOT_FOUND"
    assert refused(store, "ClearAssetStateStoreByName", name="raw")["status_code"] == 404
    assert (events_of(store), events_of(store, "raw", "s3://raw")) == ([], [found])
    store.add_asset("raw", "s3://raw")
    assert events_of(store)[0]["id"] == found["id"]
    for name in ("no outlet", "unknown"):
        assert answer(store, "GetAssetsByAlias", alias_name=name)["assets"] == []
        assert answer(store, "GetAssetEventByAssetAlias", alias_name=name)["asset_events"] == []


def test_order_and_limits() -> None:
    """Events are in the order of their times, either way, and as many as are wanted."""
    store = store_with_events()
    assert days(events_of(store)) == [0, 1, 2]
    assert days(events_of(store, ascending=False)) == [2, 1, 0]
    assert days(events_of(store, ascending=False, limit=1)) == [2]
    assert days(events_of(store, limit=0)) == [0, 1, 2]
    assert days(events_of(store, after=WHEN + timedelta(days=1))) == [1, 2]
    assert days(events_of(store, before=WHEN + timedelta(days=1))) == [0, 1]
    assert days(events_of(store, None, "s3://raw", after="2026-01-02T00:00:00Z", before=WHEN)) == []
    assert events_of(store, "raw", "another uri") == []


@pytest.mark.parametrize(
    ("filters", "found"),
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
def test_newer_filters(filters: dict[str, Any], found: list[int]) -> None:
    """Airflow 3.4 filters by partition key, by its pattern and by extra."""
    assert days(events_of(store_with_events(), version=NEW, **filters)) == found


def test_events_of_nothing() -> None:
    """Without a name and a URI, and with a pattern that is none, the request fails."""
    store = store_with_events()
    assert refused(store, "GetAssetEventByAsset", name=None, uri="")["exception_type"] == "ValueError"
    assert refused(store, "GetAssetEventByAssetAlias", alias_name="")["exception_type"] == "ValueError"
    pattern: dict[str, Any] = {"partition_key_regexp_pattern": "("}
    assert refused(store, "GetAssetEventByAsset", version=NEW, name="raw", uri=None, **pattern)["status_code"] == 400


def test_validation() -> None:
    """No asset is inactive here; another task instance's are not told."""
    reply = answer(Store(), "ValidateInletsAndOutlets", ti_id=TASK.ti_id)
    assert reply == {"type": "InactiveAssetsResult", "inactive_assets": []}
    assert refused(Store(), "ValidateInletsAndOutlets", ti_id=OTHER_TI)["status_code"] == 403
