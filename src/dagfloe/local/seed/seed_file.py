"""The seed file: what a run finds, and what comes of its triggers and questions, in TOML."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagfloe.constants import RETURN_VALUE
from dagfloe.errors import DagfloeError
from dagfloe.local.schedule.outcomes import HumanOutcome, TriggerOutcome
from dagfloe.local.seed.entries import Entry, SeedError, entries, json_table, json_value, table_of
from dagfloe.local.store.asset_records import AssetEventRecord, AssetKey, AssetRecord
from dagfloe.local.store.store import XComKey
from dagfloe.model.connection import Connection
from dagfloe.values.dates import utc_now

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagfloe.local.store.store import Store
    from dagfloe.values.dates import Clock

_TABLES = (
    "asset_events",
    "assets",
    "conf",
    "connections",
    "human_input",
    "params",
    "triggers",
    "variables",
    "xcoms",
)


@dataclass(frozen=True, kw_only=True)
class SeededXCom:
    """An XCom; without a Dag or run of its own it is in those of the run."""

    task_id: str
    key: str
    map_index: int
    value: Any = field(repr=False)
    dag_id: str | None
    run_id: str | None


@dataclass(frozen=True, kw_only=True)
class Seed:
    """What a seed file says.

    Attributes:
        variables: values by key.
        connections: connections.
        xcoms: XComs.
        assets: assets, each with the aliases that stand for it.
        asset_events: events of assets.
        params: params of the Dag run.
        conf: the configuration that the Dag run is triggered with.
        triggers: what comes of triggers.
        human_input: what humans answer.
    """

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    connections: tuple[Connection, ...] = field(default=(), repr=False)
    xcoms: tuple[SeededXCom, ...] = ()
    assets: tuple[tuple[AssetRecord, tuple[str, ...]], ...] = ()
    asset_events: tuple[AssetEventRecord, ...] = ()
    params: dict[str, Any] = field(default_factory=dict, repr=False)
    conf: dict[str, Any] = field(default_factory=dict, repr=False)
    triggers: tuple[TriggerOutcome, ...] = ()
    human_input: tuple[HumanOutcome, ...] = ()

    def fill(self, store: Store, *, dag_id: str, run_id: str) -> None:
        """Put all that tasks can ask for into a store.

        Args:
            store: what to fill.
            dag_id: the Dag of the XComs that name none.
            run_id: the Dag run of the XComs that name none.
        """
        for key, value in self.variables.items():
            store.set_variable(key, value)
        for connection in self.connections:
            store.add_connection(connection)
        for xcom in self.xcoms:
            xcom_key = XComKey(xcom.dag_id or dag_id, xcom.run_id or run_id, xcom.task_id, xcom.map_index, xcom.key)
            store.set_xcom(xcom_key, xcom.value)
        for asset, aliases in self.assets:
            store.add_asset(asset.name, asset.uri, group=asset.group, extra=asset.extra, aliases=aliases)
        for event in self.asset_events:
            store.add_asset_event(event)


def read_seed(path: Path, clock: Clock = utc_now) -> Seed:
    """Read a seed file.

    Args:
        path: the file.
        clock: gives the time of asset events that name none.

    Raises:
        DagfloeError: when it cannot be read, is no TOML, or says something else than a seed; it names the table, the
            entry, and what to do, and shows no value.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SeedError(f"the seed file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise SeedError(f"the seed file {path} is not UTF-8: save it as UTF-8") from None
    try:
        return parse_seed(text, clock)
    except DagfloeError as error:
        raise SeedError(f"the seed file {path}: {error}") from error


def parse_seed(text: str, clock: Clock = utc_now) -> Seed:
    """Parse the content of a seed file.

    Args:
        text: the content.
        clock: as for `read_seed`.

    Raises:
        DagfloeError: as `read_seed`.
    """
    document = _document(text)
    top = Entry("the file", document)
    tables = {name: top.take(name) for name in _TABLES}
    top.end()
    assets = tuple(_asset(each) for each in entries("assets", tables["assets"]))
    uris = {asset.name: asset.uri for asset, _ in assets}
    return Seed(
        variables={key: _variable(key, value) for key, value in table_of("variables", tables["variables"]).items()},
        connections=tuple(
            _connection(conn_id, value) for conn_id, value in table_of("connections", tables["connections"]).items()
        ),
        xcoms=tuple(_xcom(each) for each in entries("xcoms", tables["xcoms"])),
        assets=assets,
        asset_events=tuple(_asset_event(each, uris, clock) for each in entries("asset_events", tables["asset_events"])),
        params=json_table("[params]", table_of("params", tables["params"])),
        conf=json_table("[conf]", table_of("conf", tables["conf"])),
        triggers=tuple(_trigger(each) for each in entries("triggers", tables["triggers"])),
        human_input=tuple(_human_input(each) for each in entries("human_input", tables["human_input"])),
    )


def _document(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise SeedError("its values are nested too deep: nest them less") from None
    except ValueError as error:  # its text may hold a part of a value
        place = re.search(r"at (line \d+, column \d+|end of document)", str(error))
        raise SeedError(f"it is no TOML {place[0] if place else 'throughout'}: correct it there") from None


def _variable(key: str, value: Any) -> str:
    """A variable's text; of other values their JSON, as Airflow does when asked to."""
    if isinstance(value, str):
        return value
    return json.dumps(json_value(f"[variables] {key!r}", value))


def _connection(conn_id: str, value: Any) -> Connection:
    where = f"[connections] {conn_id!r}"
    if isinstance(value, dict):
        value = json.dumps(json_value(where, value))
    if not isinstance(value, str):
        raise SeedError(f"{where} is neither text nor a table: write a URI, or a table with conn_type, host, ...")
    try:
        return Connection.from_text(conn_id, value)
    except DagfloeError as error:
        raise SeedError(f"{where}: {error}") from error


def _xcom(entry: Entry) -> SeededXCom:
    found = SeededXCom(
        task_id=entry.text("task_id"),
        key=entry.text("key", RETURN_VALUE),
        map_index=entry.integer("map_index", -1),
        value=entry.json("value"),
        dag_id=entry.optional_text("dag_id"),
        run_id=entry.optional_text("run_id"),
    )
    entry.end()
    return found


def _asset(entry: Entry) -> tuple[AssetRecord, tuple[str, ...]]:
    name = entry.text("name")
    asset = AssetRecord(
        name=name, uri=entry.text("uri", name), group=entry.text("group", "asset"), extra=entry.table("extra")
    )
    aliases = entry.texts("aliases")
    entry.end()
    return asset, aliases


def _asset_event(entry: Entry, uris: Mapping[str, str], clock: Clock) -> AssetEventRecord:
    name = entry.text("name")
    event = AssetEventRecord(
        asset=AssetKey(name, entry.text("uri", uris.get(name, name))),
        timestamp=entry.date("timestamp") or clock(),
        extra=entry.table("extra"),
        source_dag_id=entry.optional_text("source_dag_id"),
        source_run_id=entry.optional_text("source_run_id"),
        source_task_id=entry.optional_text("source_task_id"),
        source_map_index=entry.integer("source_map_index", None),
        partition_key=entry.optional_text("partition_key"),
        aliases=entry.texts("aliases"),
        is_seeded=True,
    )
    entry.end()
    return event


def _trigger(entry: Entry) -> TriggerOutcome:
    if ("event" in entry) == ("error" in entry):
        raise SeedError(f"{entry.where} needs either event or error: write what the trigger yields, or why it fails")
    outcome = TriggerOutcome(
        task_id=entry.text("task_id"),
        map_index=entry.integer("map_index", None),
        event=entry.json("event") if "event" in entry else None,
        error=entry.optional_text("error"),
    )
    entry.end()
    return outcome


def _human_input(entry: Entry) -> HumanOutcome:
    outcome = HumanOutcome(
        task_id=entry.text("task_id"),
        map_index=entry.integer("map_index", None),
        chosen=entry.texts("chosen"),
        params=entry.table("params"),
        timed_out=entry.truth("timed_out"),
    )
    if not outcome.chosen and not outcome.timed_out:
        raise SeedError(f"{entry.where} chooses nothing: write chosen = [...], or timed_out = true")
    entry.end()
    return outcome
