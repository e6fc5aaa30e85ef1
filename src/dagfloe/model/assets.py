"""Assets, aliases and their events. Pure."""

from __future__ import annotations

from dagfloe.errors import DagfloeError, RegistrationError, RemoteProtocolError
from dagfloe.model.asset_conditions import BaseAsset
from dagfloe.model.asset_uris import normalize_uri
from dagfloe.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from dagfloe.messages.v2026_06_16 import AssetProfile

_MAX_PARTITION_KEY_LENGTH = 250
_MAX_NAME_LENGTH = 1500
#: The group of assets and aliases that declare none.
DEFAULT_GROUP = "asset"


class Asset(BaseAsset):
    """An asset of Airflow, by its name and URI.

    Args:
        name: the asset's name; by default its URI.
        uri: the asset's URI; by default its name. It becomes what Airflow makes of it: `s3://shop` is `s3://shop/`.
        group: the asset's group.
        extra: the asset's extra.

    Raises:
        RegistrationError: if Airflow does not accept the name, the URI, the group or the extra.
    """

    __slots__ = ("extra", "group", "name", "uri")

    def __init__(
        self,
        name: str | None = None,
        uri: str | None = None,
        *,
        group: str = DEFAULT_GROUP,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        if not name and not uri:
            raise RegistrationError("an Asset needs a name or a uri: pass one of them")
        self.name: str = name or str(uri)
        self.uri: str = normalize_uri(str(uri or name))
        self.group = group
        self.extra = dict(extra or {})
        _check_name("name of an Asset", self.name)
        _check_name("uri of an Asset", self.uri)
        _check_name("group of an Asset", self.group, may_be_empty=True)
        if self.extra:
            _check_extra(self.extra)
        if self.name in ("self", "context"):
            raise RegistrationError(f"Airflow refuses the name {self.name!r} for an Asset: choose another one")

    def __repr__(self) -> str:
        return f"Asset(name={self.name!r}, uri={self.uri!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Asset) and (self.name, self.uri) == (other.name, other.uri)

    def __hash__(self) -> int:
        return hash((Asset, self.name, self.uri))

    @staticmethod
    def ref(*, name: str | None = None, uri: str | None = None) -> AssetRef:
        """A reference to an asset by its name alone or its URI alone.

        Raises:
            RegistrationError: unless you pass exactly one of the two.
        """
        return AssetRef(name=name, uri=uri)


class AssetRef(BaseAsset):
    """A reference to an asset by its name alone or its URI alone. Create it with `Asset.ref`."""

    __slots__ = ("name", "uri")

    def __init__(self, *, name: str | None = None, uri: str | None = None) -> None:
        if bool(name) == bool(uri):
            raise RegistrationError("Asset.ref takes either a name or a uri: pass one of them")
        self.name = name
        self.uri = uri

    def __repr__(self) -> str:
        return f"Asset.ref({f'name={self.name!r}' if self.name else f'uri={self.uri!r}'})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetRef) and (self.name, self.uri) == (other.name, other.uri)

    def __hash__(self) -> int:
        return hash((AssetRef, self.name, self.uri))


class AssetAlias(BaseAsset):
    """An alias, under which a running task emits events for assets of its choice.

    Args:
        name: the alias's name.
        group: the alias's group.

    Raises:
        RegistrationError: if Airflow does not accept the name or the group.
    """

    __slots__ = ("group", "name")

    def __init__(self, name: str, *, group: str = DEFAULT_GROUP) -> None:
        _check_name("name of an AssetAlias", name)
        _check_name("group of an AssetAlias", group, may_be_empty=True)
        self.name = name
        self.group = group

    def __repr__(self) -> str:
        return f"AssetAlias({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetAlias) and self.name == other.name

    def __hash__(self) -> int:
        return hash((AssetAlias, self.name))


def _check_name(what: str, value: object, *, may_be_empty: bool = False) -> None:
    if not isinstance(value, str) or (value.isspace() if may_be_empty else not value.strip()):
        raise RegistrationError(f"the {what} is {value!r}: use a str that is not only whitespace")
    if len(value) > _MAX_NAME_LENGTH:
        raise RegistrationError(
            f"the {what}, {value[:30]!r}..., has {len(value)} characters: Airflow allows {_MAX_NAME_LENGTH}"
        )


def _check_extra(extra: dict[str, object]) -> None:
    from dagfloe.values.jsonable import check_jsonable  # noqa: PLC0415 - few assets have an extra

    try:
        check_jsonable(extra)
    except DagfloeError as error:
        raise RegistrationError(f"the extra of an Asset has no JSON form: {error}") from error


def asset_profile(asset: Asset | AssetRef | AssetAlias) -> AssetProfile:
    """An inlet or outlet as a message contains it (`AssetProfile`)."""
    if isinstance(asset, Asset):
        return {"name": asset.name, "uri": asset.uri, "type": "Asset"}
    if isinstance(asset, AssetAlias):
        return {"name": asset.name, "type": "AssetAlias"}
    if asset.name:
        return {"name": asset.name, "type": "AssetNameRef"}
    return {"uri": asset.uri, "type": "AssetUriRef"}


class AssetEvent(Record):
    """An event of an asset (`AssetEventResponse`, or an entry of `consumed_asset_events`).

    Attributes:
        asset: the asset.
        timestamp: the time of the event, aware.
        extra: the event's extra.
        id: the event's number; None for events that triggered the run.
        source_dag_id: the Dag of the task that emitted it; None if no task did.
        source_task_id: the task that emitted it; None if no task did.
        source_run_id: the Dag run of that task.
        source_map_index: the map index of that task.
        source_aliases: the names of the aliases under which it was emitted.
        partition_key: key of the partition, if any.
    """

    asset: Asset
    timestamp: datetime
    extra: Mapping[str, Any] = {}
    id: int | None = None
    source_dag_id: str | None = None
    source_task_id: str | None = None
    source_run_id: str | None = None
    source_map_index: int | None = None
    source_aliases: tuple[str, ...] = ()
    partition_key: str | None = None


def read_asset(body: object, path: str) -> Asset:
    """An asset from a reply.

    Raises:
        RemoteProtocolError: if the body is not an asset.
    """
    if not isinstance(body, dict) or not (isinstance(body.get("name"), str) and isinstance(body.get("uri"), str)):
        raise RemoteProtocolError(f"{path} is not an asset with a name and a uri")
    asset = Asset.__new__(Asset)  # Airflow's assets may break the rules for authors
    asset.name, asset.uri = body["name"], body["uri"]
    asset.group, asset.extra = body.get("group") or DEFAULT_GROUP, dict(body.get("extra") or {})
    return asset


def read_asset_events(bodies: object, path: str) -> tuple[AssetEvent, ...]:
    """Asset events from a reply.

    Raises:
        RemoteProtocolError: if the bodies are not asset events.
    """
    if not isinstance(bodies, list) or not all(isinstance(body, dict) for body in bodies):
        raise RemoteProtocolError(f"{path} is not a list of asset events")
    return tuple(
        AssetEvent.read(
            body,
            path,
            asset=read_asset(body.get("asset"), f"{path}.asset"),
            source_aliases=tuple(str(alias["name"]) for alias in body.get("source_aliases") or ()),
        )
        for body in bodies
    )


class OutletEvent:
    """The event of an outlet, which the task emits on success.

    Attributes:
        extra: the event's extra. Set it, or add entries.
    """

    def __init__(self, outlet: Asset | AssetRef | AssetAlias) -> None:
        self._outlet = outlet
        self.extra: dict[str, object] = {}
        self._partition_keys: list[str] = []
        self._assets: list[tuple[Asset, dict[str, object]]] = []

    def __repr__(self) -> str:
        return f"OutletEvent({self._outlet!r})"

    def add(self, asset: Asset, extra: Mapping[str, object] | None = None) -> None:
        """Emit an event for an asset under this alias.

        Args:
            asset: the asset.
            extra: the event's extra, which needs a JSON form.

        Raises:
            RegistrationError: if the outlet is not an alias.
        """
        if not isinstance(self._outlet, AssetAlias):
            raise RegistrationError(f"{self._outlet!r} is not an AssetAlias: set the event's `extra` instead")
        self._assets.append((asset, dict(extra or {})))

    def add_partitions(self, keys: str | list[str]) -> None:
        """Emit one event per partition of the asset instead of one event for the whole asset.

        Args:
            keys: one partition key or several, of 1 to 250 characters.

        Raises:
            RegistrationError: if the outlet is an alias, or a key is empty or too long.
        """
        if isinstance(self._outlet, AssetAlias):
            raise RegistrationError(
                f"{self._outlet!r} is an alias, which has no partitions: add the event for an asset"
            )
        for key in [keys] if isinstance(keys, str) else keys:
            if not key.strip() or len(key) > _MAX_PARTITION_KEY_LENGTH:
                raise RegistrationError(f"a partition key needs 1 to {_MAX_PARTITION_KEY_LENGTH} characters")
            if key not in self._partition_keys:
                self._partition_keys.append(key)

    def messages(self, asset: Asset | None) -> list[dict[str, Any]]:
        """The entries of `outlet_events` in a terminal message.

        Args:
            asset: the outlet's asset; None for an alias.

        Raises:
            RegistrationError: if the event's extra is not a dict.
        """
        if not isinstance(self.extra, dict):
            raise RegistrationError(f"the extra of {self!r} is {type(self.extra).__name__}: use a dict")
        if asset is None:
            return [
                {
                    "source_alias_name": self._outlet.name,
                    "dest_asset_key": {"name": target.name, "uri": target.uri},
                    "dest_asset_extra": target.extra,
                    "extra": extra,
                }
                for target, extra in self._assets
            ]
        event = {"dest_asset_key": {"name": asset.name, "uri": asset.uri}, "extra": self.extra}
        return [{**event, "partition_key": key} for key in self._partition_keys] or [event]
