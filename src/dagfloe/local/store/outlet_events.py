"""Reads what a terminal message says about a task's outlets. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dagfloe.local.store.asset_records import AssetKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class OutletEvent(NamedTuple):
    """One entry of `outlet_events`.

    Attributes:
        asset: the asset; None if the entry does not identify one.
        extra: the event's extra.
        asset_extra: the extra of an asset that the event creates.
        alias: the name of the asset alias through which the task created the event, if any.
        partition_key: the key of its partition, if any.
    """

    asset: AssetKey | None
    extra: Mapping[str, Any]
    asset_extra: Mapping[str, Any]
    alias: str | None
    partition_key: str | None


class AliasEvent(NamedTuple):
    """The equal events that a task created through its asset aliases.

    Attributes:
        asset: the asset.
        extra: the event's extra.
        asset_extra: the extra of the asset, if the event creates it.
        aliases: the names of the asset aliases.
    """

    asset: AssetKey
    extra: Mapping[str, Any]
    asset_extra: Mapping[str, Any]
    aliases: tuple[str, ...]


def read_outlet_events(body: Mapping[str, Any]) -> list[OutletEvent]:
    """Return the entries of `outlet_events` in a terminal message."""
    return [_read_event(event) for event in body.get("outlet_events") or ()]


def group_alias_events(events: Sequence[OutletEvent], aliases: set[str | None]) -> list[AliasEvent]:
    """Merge equal events that came through different asset aliases.

    Args:
        events: the events.
        aliases: the names of the asset aliases among the task's outlets. Events of others are left out.
    """
    groups: dict[str, list[OutletEvent]] = {}
    for event in events:
        if event.alias in aliases and event.asset is not None and event.alias:
            groups.setdefault(repr((event.asset, event.asset_extra, event.extra)), []).append(event)
    return [
        AliasEvent(
            events[0].asset,
            events[0].extra,
            events[0].asset_extra,
            tuple(dict.fromkeys(event.alias for event in events if event.alias)),
        )
        for events in groups.values()
        if events[0].asset is not None
    ]


def _read_event(event: Mapping[str, Any]) -> OutletEvent:
    key = event.get("dest_asset_key")
    asset = None
    if isinstance(key, dict) and isinstance(key.get("name"), str) and isinstance(key.get("uri"), str):
        asset = AssetKey(key["name"], key["uri"])
    return OutletEvent(
        asset=asset,
        extra=event.get("extra") or {},
        asset_extra=event.get("dest_asset_extra") or {},
        alias=event.get("source_alias_name"),
        partition_key=event.get("partition_key"),
    )
