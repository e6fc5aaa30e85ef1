"""Assets, and the events of this task's outlets: `client.assets` and `client.outlet_events`."""

from __future__ import annotations

from dagfloe.call_errors import InactiveAssetError
from dagfloe.errors import DagfloeError
from dagfloe.model.assets import Asset, AssetAlias, AssetRef, OutletEvent, asset_profile, read_asset, read_asset_events
from dagfloe.values.jsonable import check_jsonable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from dagfloe.client._exchange import Exchange
    from dagfloe.messages.v2026_06_16 import AssetProfile, ValidateInletsAndOutlets
    from dagfloe.model.assets import AssetEvent


class Assets:
    """Reads assets and their events."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def get(self, *, name: str | None = None, uri: str | None = None) -> Asset:
        """An asset by its name or by its URI.

        Raises:
            AssetNotFound: if there is no such active asset.
            DagfloeError: unless you pass exactly one of the two.
        """
        if bool(name) == bool(uri):
            raise DagfloeError("client.assets.get takes either a name or a uri: pass one of them")
        body = {"type": "GetAssetByName", "name": name} if name else {"type": "GetAssetByUri", "uri": uri}
        return read_asset(self._exchange.ask(body, "AssetResult"), "AssetResult")

    def by_alias(self, alias: AssetAlias | str) -> list[Asset]:
        """The assets that have events under an alias."""
        name = alias if isinstance(alias, str) else alias.name
        body = {"type": "GetAssetsByAlias", "alias_name": name}
        assets = self._exchange.ask_for(body, "AssetsByAliasResult", "assets")
        return [read_asset(asset, "AssetsByAliasResult.assets") for asset in assets]

    def events(
        self,
        asset: Asset | AssetRef | AssetAlias,
        *,
        after: datetime | None = None,
        before: datetime | None = None,
        ascending: bool = True,
        limit: int | None = None,
        partition_key: str | None = None,
        partition_key_pattern: str | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> list[AssetEvent]:
        """The events of an asset, or the events under an alias.

        Args:
            asset: the asset or the alias.
            after: only events not before this time, which is aware.
            before: only events not after this time, which is aware.
            ascending: whether the oldest comes first.
            limit: the maximum number of events.
            partition_key: only events of this partition; needs `airflow = "3.4"`.
            partition_key_pattern: only events of partitions that match this regular expression; needs
                `airflow = "3.4"`.
            extra: only events whose extra has these entries; needs `airflow = "3.4"`.
        """
        body: dict[str, Any] = {"after": after, "before": before, "ascending": ascending, "limit": limit}
        if isinstance(asset, AssetAlias):
            body |= {"type": "GetAssetEventByAssetAlias", "alias_name": asset.name}
        else:
            body |= {"type": "GetAssetEventByAsset", "name": asset.name, "uri": asset.uri}
        new_fields = {"partition_key": partition_key, "partition_key_regexp_pattern": partition_key_pattern}
        body |= {name: value for name, value in new_fields.items() if value is not None}
        if extra is not None:
            body["extra"] = dict(extra)
        events = self._exchange.ask_for(body, "AssetEventsResult", "asset_events")
        return list(read_asset_events(events, "AssetEventsResult.asset_events"))

    def inactive(self) -> list[AssetProfile]:
        """The inlets and outlets of this task in Airflow that are not active (`ValidateInletsAndOutlets`)."""
        body: ValidateInletsAndOutlets = {"type": "ValidateInletsAndOutlets", "ti_id": self._exchange.ti.id}
        return self._exchange.ask(body, "InactiveAssetsResult").get("inactive_assets") or []

    def validate(self) -> None:
        """Check that all inlets and outlets of this task are active.

        Raises:
            InactiveAssetError: if one is not.
        """
        inactive = self.inactive()
        if inactive:
            names = ", ".join(str(asset.get("name") or asset.get("uri")) for asset in inactive)
            raise InactiveAssetError(
                f"inlets or outlets of this task are not active in Airflow: {names}; check that a Dag that is not "
                "paused uses them, and that no name has two URIs"
            )


class OutletEvents:
    """The events that the task emits for its outlets on success: `client.outlet_events[asset].extra = {...}`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._events: dict[Asset | AssetRef | AssetAlias, OutletEvent] = {}

    def __getitem__(self, outlet: Asset | AssetRef | AssetAlias) -> OutletEvent:
        task = self._exchange.task
        if outlet not in self._events:
            if task is None or outlet not in task.outlets:
                raise DagfloeError(
                    f"{outlet!r} is not an outlet of this task: declare it with @dag.task(outlets=[{outlet!r}])"
                )
            self._events[outlet] = OutletEvent(outlet)
        return self._events[outlet]

    def fields(self) -> dict[str, Any]:
        """The fields of `SucceedTask` for the outlets; empty if the task has no outlets.

        Raises:
            ValueNotSerializableError: if an extra has no JSON form.
        """
        task = self._exchange.task
        if task is None or not task.outlets:
            return {}
        events: list[dict[str, Any]] = []
        for outlet, event in self._events.items():
            events += event.messages(self._resolve(outlet))
        check_jsonable(events)
        return {"task_outlets": [asset_profile(outlet) for outlet in task.outlets], "outlet_events": events}

    def _resolve(self, outlet: Asset | AssetRef | AssetAlias) -> Asset | None:
        if isinstance(outlet, AssetRef):
            return Assets(self._exchange).get(name=outlet.name, uri=outlet.uri)
        return outlet if isinstance(outlet, Asset) else None
