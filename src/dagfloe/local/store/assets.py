"""The store's assets and their events."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dagfloe.local.store.asset_records import AssetEventRecord, AssetKey, AssetRecord
from dagfloe.local.store.replies import Reply, check_own, failed, lookup_error, refused, refused_text
from dagfloe.values.dates import to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagfloe.local.store.replies import Serve
    from dagfloe.local.task_run import TaskRun
    from dagfloe.values.dates import Clock


class AssetStore:
    """Assets, aliases and events.

    Args:
        clock: gives the time of events.

    Attributes:
        assets: assets by name and URI; of two with one name or one URI, the first one is found.
        aliases: the assets behind each asset alias, by its name.
        events: asset events; each has its number, from 1, as its id.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.assets: dict[AssetKey, AssetRecord] = {}
        self.aliases: dict[str, list[AssetKey]] = {}
        self.events: list[AssetEventRecord] = []
        self._succeeded: set[str] = set()

    def served(self) -> dict[str, Serve]:
        """What it answers, by the request's type."""
        return {
            "GetAssetByName": self._get,
            "GetAssetByUri": self._get,
            "GetAssetEventByAsset": self._get_events,
            "GetAssetEventByAssetAlias": self._get_events_of_alias,
            "GetAssetsByAlias": self._get_of_alias,
            "ValidateInletsAndOutlets": self._validate,
        }

    def add(self, record: AssetRecord, aliases: Sequence[str] = ()) -> None:
        """Add an asset, or replace it, and put it behind asset aliases."""
        self.assets[record.key] = record
        for alias in aliases:
            known = self.aliases.setdefault(alias, [])
            if record.key not in known:
                known.append(record.key)

    def add_event(self, event: AssetEventRecord) -> None:
        """Add an event of an asset that is here, and put the asset behind the event's aliases."""
        self.add(self.assets[event.asset], event.aliases)
        self.events.append(event)

    def find(self, name: str | None = None, uri: str | None = None) -> AssetRecord | None:
        """The active asset with a name, or else with a URI."""
        check_named({"name": name, "uri": uri})
        found = (each for each in self.assets.values() if (each.name == name if name else each.uri == uri))
        return next((each for each in found if each.is_active), None)

    def known(self, body: Mapping[str, Any]) -> AssetRecord:
        """The asset that a request names."""
        asset = self.find(body.get("name"), body.get("uri"))
        if asset is None:
            raise refused(404, "not_found", f"There is no asset {body.get('name') or body.get('uri')!r}")
        return asset

    def succeed(self, body: Mapping[str, Any], task: TaskRun, partition_key: str | None) -> None:
        """Make the events of the outlets of a task that has succeeded.

        Args:
            body: its terminal message.
            task: the task instance.
            partition_key: that of its Dag run.
        """
        if task.ti_id in self._succeeded:
            return
        self._succeeded.add(task.ti_id)
        told = [_Told(event) for event in body.get("outlet_events") or ()]
        outlets = body.get("task_outlets") or ()
        for key in dict.fromkeys(self._outlets(outlets)):
            own = [each for each in told if each.alias is None and each.asset == key]
            for each in own or [_Told({})]:
                self._happen(task, key, each.extra, each.partition_key or partition_key)
        aliases = {outlet.get("name") for outlet in outlets if outlet["type"] == "AssetAlias"}
        grouped: dict[str, tuple[_Told, list[str]]] = {}
        for each in told:
            if each.alias in aliases and each.asset is not None and each.alias:
                names = grouped.setdefault(repr((each.asset, each.asset_extra, each.extra)), (each, []))[1]
                names.append(each.alias)
        for each, names in grouped.values():
            asset = each.asset
            if asset is not None:
                made = AssetRecord(name=asset.name, uri=asset.uri, extra=each.asset_extra, is_active=False)
                self.assets.setdefault(asset, made)
                self._happen(task, asset, each.extra, partition_key, tuple(dict.fromkeys(names)))

    def _outlets(self, outlets: Sequence[Mapping[str, Any]]) -> Iterator[AssetKey]:
        """The assets among a task's outlets. One that nobody declared is declared by being one."""
        for outlet in outlets:
            kind, name, uri = outlet["type"], outlet.get("name"), outlet.get("uri")
            if kind == "Asset" and name and uri:
                key = AssetKey(name, uri)
                self.assets[key] = replace(self.assets.get(key, AssetRecord(name=name, uri=uri)), is_active=True)
                yield key
            elif (kind == "AssetNameRef" and name) or (kind == "AssetUriRef" and uri):
                found = self.find(name if kind == "AssetNameRef" else None, uri)
                if found is not None:
                    yield found.key

    def _happen(
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
            return lookup_error("ASSET_NOT_FOUND", {name: body[name] for name in ("name", "uri") if name in body})
        return Reply({"type": "AssetResult", **_asset_body(asset)})

    def _get_of_alias(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        found = [self.assets[key] for key in self.aliases.get(body["alias_name"], ())]
        return Reply(
            {"type": "AssetsByAliasResult", "assets": [{"type": "AssetResult", **_asset_body(each)} for each in found]}
        )

    def _get_events(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        check_named(body)
        name, uri = body["name"], body["uri"]
        return self._matching(
            body,
            [
                (number, event)
                for number, event in enumerate(self.events, 1)
                if (not name or event.asset.name == name) and (not uri or event.asset.uri == uri)
                if (name and uri) or self.assets[event.asset].is_active
            ],
        )

    def _get_events_of_alias(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        if not body["alias_name"]:
            raise failed("ValueError", "no name of an asset alias was given")
        found = [(number, each) for number, each in enumerate(self.events, 1) if body["alias_name"] in each.aliases]
        return self._matching(body, found)

    def _matching(self, body: Mapping[str, Any], events: list[tuple[int, AssetEventRecord]]) -> Reply:
        """The events that fit a request's filters; an empty filter does not count."""
        after, before = (None if not body.get(name) else to_datetime(body[name]) for name in ("after", "before"))
        pattern = _compiled(body.get("partition_key_regexp_pattern"))
        key, extra = body.get("partition_key"), body.get("extra") or {}
        found = [
            (number, event)
            for number, event in events
            if (after is None or event.timestamp >= after)
            and (before is None or event.timestamp <= before)
            and (key is None or event.partition_key == key)
            and (pattern is None or (event.partition_key is not None and pattern.search(event.partition_key)))
            and all(event.extra.get(name) == value for name, value in extra.items())
        ]
        found.sort(key=lambda each: each[1].timestamp, reverse=not body.get("ascending", True))
        limit = body.get("limit")
        wanted = found[:limit] if limit is not None and limit > 0 else found
        return Reply({"type": "AssetEventsResult", "asset_events": [self._event_body(*each) for each in wanted]})

    def _event_body(self, number: int, event: AssetEventRecord) -> dict[str, Any]:
        names = ("source_task_id", "source_dag_id", "source_run_id", "source_map_index", "partition_key")
        told = {name: getattr(event, name) for name in names}
        return {
            "id": number,
            "timestamp": event.timestamp,
            "extra": dict(event.extra),
            "asset": _asset_body(self.assets[event.asset]),
            "created_dagruns": [],
            **{name: value for name, value in told.items() if value is not None},
        }

    def _validate(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        """Every asset that is an inlet or outlet here is active: nothing makes one inactive."""
        check_own(body, task)
        return Reply({"type": "InactiveAssetsResult", "inactive_assets": []})


class _Told:
    """An entry of `outlet_events`, as far as it makes sense."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        key = event.get("dest_asset_key")
        is_whole = isinstance(key, dict) and isinstance(key.get("name"), str) and isinstance(key.get("uri"), str)
        self.asset = AssetKey(key["name"], key["uri"]) if isinstance(key, dict) and is_whole else None
        self.extra: Mapping[str, Any] = event.get("extra") or {}
        self.asset_extra: Mapping[str, Any] = event.get("dest_asset_extra") or {}
        self.alias: str | None = event.get("source_alias_name")
        self.partition_key: str | None = event.get("partition_key")


def check_named(body: Mapping[str, Any]) -> None:
    """Refuse a request that names no asset."""
    if not body.get("name") and not body.get("uri"):
        raise failed("ValueError", "neither a name nor a URI of an asset was given")


def _asset_body(asset: AssetRecord) -> dict[str, Any]:
    return {"name": asset.name, "uri": asset.uri, "group": asset.group, "extra": dict(asset.extra)}


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        raise refused_text(400, "partition_key_regexp_pattern is no regular expression") from None
