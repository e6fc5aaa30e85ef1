"""The store's assets and their events."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dagfloe.local.store.asset_records import AssetEventRecord, AssetKey, AssetRecord
from dagfloe.local.store.outlet_events import group_alias_events, read_outlet_events
from dagfloe.local.store.replies import (
    Reply,
    api_error,
    check_ti_id,
    not_found_reply,
    plain_api_error,
    supervisor_error,
)
from dagfloe.local.store.saved_items import SavedItem, record_from_dict, record_to_dict
from dagfloe.values.dates import to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagfloe.local.store.replies import Handler
    from dagfloe.local.store.saved_items import Restore
    from dagfloe.local.task_run import TaskRun
    from dagfloe.values.dates import Clock

NumberedEvent = tuple[int, AssetEventRecord]


class AssetStore:
    """Assets, asset aliases and asset events.

    Args:
        clock: gives the time of events.

    Attributes:
        assets: assets by key. Of two with the same name or the same URI, a lookup finds the first one.
    """

    def __init__(self, clock: Clock) -> None:
        self.assets: dict[AssetKey, AssetRecord] = {}
        # The id of an event is its position, from 1.
        self._events: list[AssetEventRecord] = []
        self._aliases: dict[str, list[AssetKey]] = {}
        self._succeeded: set[str] = set()
        self._clock = clock

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers by the type of the request."""
        return {
            "GetAssetByName": self._get,
            "GetAssetByUri": self._get,
            "GetAssetEventByAsset": self._get_events,
            "GetAssetEventByAssetAlias": self._get_events_of_alias,
            "GetAssetsByAlias": self._get_of_alias,
            "ValidateInletsAndOutlets": self._validate,
        }

    def add(self, record: AssetRecord, aliases: Sequence[str] = ()) -> None:
        """Add an asset, or replace it, and link it to asset aliases."""
        self.assets[record.key] = record
        for alias in aliases:
            keys = self._aliases.setdefault(alias, [])
            if record.key not in keys:
                keys.append(record.key)

    def add_event(self, event: AssetEventRecord) -> None:
        """Add an event of an asset that the store has, and link the asset to the event's aliases."""
        self.add(self.assets[event.asset], event.aliases)
        self._events.append(event)

    def find(self, name: str | None = None, uri: str | None = None) -> AssetRecord | None:
        """Return the active asset with a name, or else with a URI."""
        check_asset_reference({"name": name, "uri": uri})
        for asset in self.assets.values():
            if asset.is_active and (asset.name == name if name else asset.uri == uri):
                return asset
        return None

    def get(self, body: Mapping[str, Any]) -> AssetRecord:
        """Return the active asset that a request names.

        Raises:
            RequestError: if there is no such asset.
        """
        asset = self.find(body.get("name"), body.get("uri"))
        if asset is None:
            raise api_error(404, "not_found", f"There is no asset {body.get('name') or body.get('uri')!r}")
        return asset

    def add_outlet_events(self, body: Mapping[str, Any], task: TaskRun, partition_key: str | None) -> None:
        """Add the events of the outlets of a task that succeeded. Only the first call for a task instance counts.

        Args:
            body: its terminal message.
            task: the task instance.
            partition_key: that of its Dag run.
        """
        if task.ti_id in self._succeeded:
            return
        self._succeeded.add(task.ti_id)
        events = read_outlet_events(body)
        outlets = body.get("task_outlets") or ()
        for key in dict.fromkeys(self._activate_outlets(outlets)):
            own = [event for event in events if event.alias is None and event.asset == key]
            for event in own:
                self._create_event(task, key, event.extra, event.partition_key or partition_key)
            if not own:
                self._create_event(task, key, {}, partition_key)
        aliases = {outlet.get("name") for outlet in outlets if outlet["type"] == "AssetAlias"}
        for alias_event in group_alias_events(events, aliases):
            name, uri = alias_event.asset
            asset = AssetRecord(name=name, uri=uri, extra=alias_event.asset_extra, is_active=False)
            self.assets.setdefault(alias_event.asset, asset)
            self._create_event(task, alias_event.asset, alias_event.extra, partition_key, alias_event.aliases)

    def saved_items(self) -> Iterator[SavedItem]:
        """Return the assets, the asset aliases, and the events that no seed file adds again."""
        for asset in self.assets.values():
            yield SavedItem("asset", asset.key, record_to_dict(asset, AssetRecord))
        for alias, keys in self._aliases.items():
            yield SavedItem("asset_alias", (alias,), keys)
        for number, event in enumerate(self._events):
            if not event.is_seeded:
                yield SavedItem("asset_event", (number,), record_to_dict(event, AssetEventRecord))

    def restorers(self) -> dict[str, Restore]:
        """Return the functions that restore saved items, by noun."""
        return {
            "asset": lambda _key, value: self.add(record_from_dict(AssetRecord, value)),
            "asset_alias": self._restore_alias,
            "asset_event": self._restore_event,
        }

    def _restore_alias(self, key: list[Any], value: Any) -> None:
        for asset_key in value:
            self.add(self.assets[AssetKey(*asset_key)], key)

    def _restore_event(self, _key: list[Any], value: Any) -> None:
        self.add_event(record_from_dict(AssetEventRecord, {**value, "asset": AssetKey(*value["asset"])}))

    def _activate_outlets(self, outlets: Sequence[Mapping[str, Any]]) -> Iterator[AssetKey]:
        """Return the assets among a task's outlets, and activate those with both name and URI."""
        for outlet in outlets:
            kind, name, uri = outlet["type"], outlet.get("name"), outlet.get("uri")
            if kind == "Asset" and name and uri:
                key = AssetKey(name, uri)
                self.assets[key] = replace(self.assets.get(key, AssetRecord(name=name, uri=uri)), is_active=True)
                yield key
            elif (kind == "AssetNameRef" and name) or (kind == "AssetUriRef" and uri):
                asset = self.find(name if kind == "AssetNameRef" else None, uri)
                if asset is not None:
                    yield asset.key

    def _create_event(
        self,
        task: TaskRun,
        asset: AssetKey,
        extra: Mapping[str, Any],
        partition_key: str | None,
        aliases: tuple[str, ...] = (),
    ) -> None:
        self.add_event(
            AssetEventRecord(
                asset=asset,
                timestamp=self._clock(),
                extra=extra,
                source_dag_id=task.dag_id,
                source_run_id=task.run_id,
                source_task_id=task.task_id,
                source_map_index=task.map_index,
                partition_key=partition_key,
                aliases=aliases,
            )
        )

    def _get(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        asset = self.find(body.get("name"), body.get("uri"))
        if asset is None:
            return not_found_reply("ASSET_NOT_FOUND", {name: body[name] for name in ("name", "uri") if name in body})
        return Reply({"type": "AssetResult", **_asset_body(asset)})

    def _get_of_alias(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        assets = [_asset_body(self.assets[key]) for key in self._aliases.get(body["alias_name"], ())]
        return Reply({"type": "AssetsByAliasResult", "assets": [{"type": "AssetResult", **asset} for asset in assets]})

    def _get_events(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        check_asset_reference(body)
        name, uri = body["name"], body["uri"]
        return self._filter_events(
            body,
            [
                (number, event)
                for number, event in enumerate(self._events, 1)
                if (not name or event.asset.name == name) and (not uri or event.asset.uri == uri)
                if (name and uri) or self.assets[event.asset].is_active
            ],
        )

    def _get_events_of_alias(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        alias = body["alias_name"]
        if not alias:
            raise supervisor_error("ValueError", "no name of an asset alias was given")
        return self._filter_events(
            body, [(number, event) for number, event in enumerate(self._events, 1) if alias in event.aliases]
        )

    def _filter_events(self, body: Mapping[str, Any], events: list[NumberedEvent]) -> Reply:
        """Return the reply with the events that match a request's filters. An empty filter matches all."""
        after, before = (None if not body.get(name) else to_datetime(body[name]) for name in ("after", "before"))
        pattern = _compile_pattern(body.get("partition_key_regexp_pattern"))
        key, extra = body.get("partition_key"), body.get("extra") or {}
        matches = [
            (number, event)
            for number, event in events
            if (after is None or event.timestamp >= after)
            and (before is None or event.timestamp <= before)
            and (key is None or event.partition_key == key)
            and (pattern is None or (event.partition_key is not None and pattern.search(event.partition_key)))
            and all(event.extra.get(name) == value for name, value in extra.items())
        ]
        matches.sort(key=lambda match: match[1].timestamp, reverse=not body.get("ascending", True))
        limit = body.get("limit")
        if limit is not None and limit > 0:
            matches = matches[:limit]
        bodies = [self._event_body(number, event) for number, event in matches]
        return Reply({"type": "AssetEventsResult", "asset_events": bodies})

    def _event_body(self, number: int, event: AssetEventRecord) -> dict[str, Any]:
        names = ("source_task_id", "source_dag_id", "source_run_id", "source_map_index", "partition_key")
        optional = {name: getattr(event, name) for name in names}
        return {
            "id": number,
            "timestamp": event.timestamp,
            "extra": dict(event.extra),
            "asset": _asset_body(self.assets[event.asset]),
            "created_dagruns": [],
            **{name: value for name, value in optional.items() if value is not None},
        }

    def _validate(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        """All inlets and outlets are active here: nothing deactivates an asset."""
        check_ti_id(body, task)
        return Reply({"type": "InactiveAssetsResult", "inactive_assets": []})


def check_asset_reference(body: Mapping[str, Any]) -> None:
    """Check that a request names an asset.

    Raises:
        RequestError: if both name and URI are missing or empty.
    """
    if not body.get("name") and not body.get("uri"):
        raise supervisor_error("ValueError", "neither a name nor a URI of an asset was given")


def _asset_body(asset: AssetRecord) -> dict[str, Any]:
    return {"name": asset.name, "uri": asset.uri, "group": asset.group, "extra": dict(asset.extra)}


def _compile_pattern(pattern: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        raise plain_api_error(400, "partition_key_regexp_pattern is not a regular expression") from None
