"""Assets and their events as the embedded supervisor remembers them: values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


class AssetKey(NamedTuple):
    """Which asset it is."""

    name: str
    uri: str


@dataclass(frozen=True, kw_only=True)
class AssetRecord:
    """An asset.

    Attributes:
        name: its name.
        uri: its URI.
        group: its group.
        extra: what is noted with it.
        is_active: whether a Dag has it. Others, which tasks made through asset aliases, are not found by name or URI.
    """

    name: str
    uri: str
    group: str = "asset"
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_active: bool = True

    @property
    def key(self) -> AssetKey:
        """Which asset it is."""
        return AssetKey(self.name, self.uri)


@dataclass(frozen=True, kw_only=True)
class AssetEventRecord:
    """An event of an asset.

    Attributes:
        asset: the asset.
        timestamp: when; aware.
        extra: what is noted with it.
        source_dag_id: the task instance that made it, if any; `source_run_id`, `source_task_id` and `source_map_index`
            likewise.
        partition_key: the partition that it is about.
        aliases: the names of the asset aliases through which it was made.
        is_seeded: whether a seed tells of it, which will do so again.
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
