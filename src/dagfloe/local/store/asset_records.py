"""Assets and asset events of the store: values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


class AssetKey(NamedTuple):
    """Identifies an asset."""

    name: str
    uri: str


@dataclass(frozen=True, kw_only=True)
class AssetRecord:
    """An asset.

    Attributes:
        name: its name.
        uri: its URI.
        group: its group.
        extra: its extra.
        is_active: whether a Dag has the asset. Assets that tasks created through asset aliases are inactive: a lookup
            by name or URI does not find them.
    """

    name: str
    uri: str
    group: str = "asset"
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_active: bool = True

    @property
    def key(self) -> AssetKey:
        """The asset's key."""
        return AssetKey(self.name, self.uri)


@dataclass(frozen=True, kw_only=True)
class AssetEventRecord:
    """An event of an asset.

    Attributes:
        asset: the asset.
        timestamp: the time of the event, aware.
        extra: its extra.
        source_dag_id: the Dag of the task instance that created the event, if any. `source_run_id`, `source_task_id`
            and `source_map_index` identify the same task instance.
        partition_key: the key of its partition.
        aliases: the names of the asset aliases through which the task created it.
        is_seeded: whether it comes from a seed file, so that no database saves it.
    """

    asset: AssetKey
    timestamp: datetime
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    source_dag_id: str | None = None
    source_run_id: str | None = None
    source_task_id: str | None = None
    source_map_index: int | None = None
    partition_key: str | None = None
    aliases: Sequence[str] = ()
    is_seeded: bool = False
