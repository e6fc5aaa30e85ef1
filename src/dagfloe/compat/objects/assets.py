"""The events of assets, as Airflow's context has them."""

from __future__ import annotations

from dagfloe.model.assets import Asset, AssetAlias, AssetRef
from dagfloe.values.dates import to_datetime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from typing import Any

    from typing_extensions import Self

    from dagfloe.client import Client
    from dagfloe.client.assets import OutletEvents
    from dagfloe.model.assets import AssetEvent, OutletEvent


class _ByName:
    """Finds an entry by the name or the URI of an asset, or by the name of an alias."""

    def for_asset(self, *, name: str | None = None, uri: str | None = None) -> Any:
        """The entry of an asset.

        Args:
            name: its name.
            uri: its URI.

        Raises:
            ValueError: without both.
        """
        if name and uri:
            return self[Asset(name=name, uri=uri)]
        if name or uri:
            return self[AssetRef(name=name, uri=uri)]
        raise ValueError("name and uri cannot both be None")

    def for_asset_alias(self, *, name: str) -> Any:
        """The entry of an alias.

        Args:
            name: its name.
        """
        return self[AssetAlias(name)]

    def __getitem__(self, outlet: Any) -> Any:
        raise NotImplementedError


class OutletEventAccessors(_ByName):
    """The events that the task emits on success, by outlet.

    Args:
        events: dagfloe's events of the task.
    """

    def __init__(self, events: OutletEvents) -> None:
        self._events = events

    def __getitem__(self, outlet: Asset | AssetRef | AssetAlias) -> OutletEvent:
        return self._events[outlet]


class InletEvents:
    """The events of one inlet, which are read when they are first used.

    Args:
        client: the task's client.
        inlet: the inlet.
    """

    def __init__(self, client: Client, inlet: Asset | AssetRef | AssetAlias) -> None:
        self._client = client
        self._inlet = inlet
        self._filters: dict[str, Any] = {}
        self._events: list[AssetEvent] | None = None

    def after(self, after: str | datetime) -> Self:
        """Only events not before a time.

        Args:
            after: the time; a str in ISO form.
        """
        return self._filter(after=to_datetime(after))

    def before(self, before: str | datetime) -> Self:
        """Only events not after a time.

        Args:
            before: the time; a str in ISO form.
        """
        return self._filter(before=to_datetime(before))

    def ascending(self, ascending: bool = True) -> Self:
        """Choose the order.

        Args:
            ascending: whether the oldest comes first.
        """
        return self._filter(ascending=ascending)

    def limit(self, limit: int) -> Self:
        """Only some events.

        Args:
            limit: how many.
        """
        return self._filter(limit=limit)

    def _filter(self, **filters: Any) -> Self:
        self._filters |= filters
        self._events = None
        return self

    def _read(self) -> list[AssetEvent]:
        if self._events is None:
            self._events = self._client.assets.events(self._inlet, **self._filters)
        return self._events

    def __iter__(self) -> Iterator[AssetEvent]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __getitem__(self, index: int) -> AssetEvent:
        return self._read()[index]


class InletEventsAccessors(_ByName):
    """The events of the task's inlets, by inlet or by its position.

    Args:
        client: the task's client.
        inlets: the inlets.
    """

    def __init__(self, client: Client, inlets: Sequence[Asset | AssetRef | AssetAlias]) -> None:
        self._client = client
        self._inlets = inlets

    def __iter__(self) -> Iterator[Asset | AssetRef | AssetAlias]:
        return iter(self._inlets)

    def __len__(self) -> int:
        return len(self._inlets)

    def __getitem__(self, inlet: int | Asset | AssetRef | AssetAlias) -> InletEvents:
        if isinstance(inlet, int):
            return InletEvents(self._client, self._inlets[inlet])
        if not any(_matches(inlet, declared) for declared in self._inlets):
            raise KeyError(inlet)
        return InletEvents(self._client, inlet)


class TriggeringAssetEvents(_ByName, dict["Any", "list[AssetEvent]"]):
    """The events that triggered the run, by asset and by alias.

    Args:
        events: the events.
    """

    def __init__(self, events: Iterable[AssetEvent]) -> None:
        super().__init__()
        for event in events:
            self.setdefault(event.asset, []).append(event)
            for name in event.source_aliases:
                self.setdefault(AssetAlias(name), []).append(event)

    def __getitem__(self, key: Any) -> list[AssetEvent]:
        if isinstance(key, AssetRef):
            key = next((asset for asset in self if _matches(key, asset)), key)
        return dict.__getitem__(self, key)


def _matches(wanted: object, declared: object) -> bool:
    """Whether an asset, a reference or an alias is the declared one."""
    if isinstance(wanted, AssetRef) and isinstance(declared, Asset):
        return wanted.name == declared.name if wanted.name else wanted.uri == declared.uri
    return wanted == declared
