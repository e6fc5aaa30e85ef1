"""The seed file: the variables, XComs and so on that a run starts with, and the outcomes of triggers and questions."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagfloe.constants import RETURN_VALUE
from dagfloe.errors import DagfloeError
from dagfloe.format.regular_file import read_text
from dagfloe.local.schedule.outcomes import HumanOutcome, TriggerOutcome
from dagfloe.local.seed.entries import Entry, SeedError, check_json, check_json_table, get_entries, get_table
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
    """An XCom. Without a dag_id or run_id it belongs to the Dag run that starts."""

    task_id: str
    key: str
    map_index: int
    value: Any = field(repr=False)
    dag_id: str | None
    run_id: str | None


@dataclass(frozen=True, kw_only=True)
class Seed:
    """The content of a seed file.

    Attributes:
        variables: values by key.
        connections: connections.
        xcoms: XComs.
        assets: assets, and the asset aliases that they are linked to.
        asset_events: asset events.
        params: the params of the Dag run.
        conf: the configuration of the Dag run.
        triggers: the outcomes of triggers.
        human_input: the answers of humans.
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
        """Put everything that tasks can request into a store.

        Args:
            store: the store.
            dag_id: the Dag of XComs that do not name one.
            run_id: the Dag run of XComs that do not name one.
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
        clock: gives the time of asset events without a timestamp.

    Raises:
        DagfloeError: if it cannot be read, or has a mistake. The message names the table, the entry and the fix, and
            shows no value.
    """
    try:
        text = read_text(path).removeprefix("\ufeff")
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
    tables = {name: top.get(name) for name in _TABLES}
    top.check_unknown()
    assets = tuple(_asset(entry) for entry in get_entries("assets", tables["assets"]))
    uris = {asset.name: asset.uri for asset, _ in assets}
    return Seed(
        variables={key: _variable(key, value) for key, value in get_table("variables", tables["variables"]).items()},
        connections=tuple(
            _connection(conn_id, value) for conn_id, value in get_table("connections", tables["connections"]).items()
        ),
        xcoms=tuple(_xcom(entry) for entry in get_entries("xcoms", tables["xcoms"])),
        assets=assets,
        asset_events=tuple(
            _asset_event(entry, uris, clock) for entry in get_entries("asset_events", tables["asset_events"])
        ),
        params=check_json_table("[params]", get_table("params", tables["params"])),
        conf=check_json_table("[conf]", get_table("conf", tables["conf"])),
        triggers=tuple(_trigger(entry) for entry in get_entries("triggers", tables["triggers"])),
        human_input=tuple(_human_input(entry) for entry in get_entries("human_input", tables["human_input"])),
    )


def _document(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise SeedError("its values are nested too deeply: nest them less") from None
    except ValueError as error:  # the original message may show a part of a value
        place = re.search(r"at (line \d+, column \d+|end of document)", str(error))
        raise SeedError(f"it is not valid TOML{f' {place[0]}' if place else ''}: correct it there") from None


def _variable(key: str, value: Any) -> str:
    """Return a variable's string. Other values become JSON, as with Airflow's `serialize_json`."""
    if isinstance(value, str):
        return value
    return json.dumps(check_json(f"[variables] {key!r}", value))


def _connection(conn_id: str, value: Any) -> Connection:
    where = f"[connections] {conn_id!r}"
    if isinstance(value, dict):
        value = json.dumps(check_json(where, value))
    if not isinstance(value, str):
        raise SeedError(f"{where} is neither a string nor a table: write a URI, or a table with conn_type, host, ...")
    try:
        return Connection.from_text(conn_id, value)
    except DagfloeError as error:
        raise SeedError(f"{where}: {error}") from error


def _xcom(entry: Entry) -> SeededXCom:
    xcom = SeededXCom(
        task_id=entry.string("task_id"),
        key=entry.string("key", RETURN_VALUE),
        map_index=entry.integer("map_index", -1),
        value=entry.json("value"),
        dag_id=entry.optional_string("dag_id"),
        run_id=entry.optional_string("run_id"),
    )
    entry.check_unknown()
    return xcom


def _asset(entry: Entry) -> tuple[AssetRecord, tuple[str, ...]]:
    name = entry.string("name")
    asset = AssetRecord(
        name=name, uri=entry.string("uri", name), group=entry.string("group", "asset"), extra=entry.table("extra")
    )
    aliases = entry.strings("aliases")
    entry.check_unknown()
    return asset, aliases


def _asset_event(entry: Entry, uris: Mapping[str, str], clock: Clock) -> AssetEventRecord:
    name = entry.string("name")
    event = AssetEventRecord(
        asset=AssetKey(name, entry.string("uri", uris.get(name, name))),
        timestamp=entry.date("timestamp") or clock(),
        extra=entry.table("extra"),
        source_dag_id=entry.optional_string("source_dag_id"),
        source_run_id=entry.optional_string("source_run_id"),
        source_task_id=entry.optional_string("source_task_id"),
        source_map_index=entry.integer("source_map_index", None),
        partition_key=entry.optional_string("partition_key"),
        aliases=entry.strings("aliases"),
        is_seeded=True,
    )
    entry.check_unknown()
    return event


def _trigger(entry: Entry) -> TriggerOutcome:
    if ("event" in entry) == ("error" in entry):
        raise SeedError(
            f"{entry.where} needs either event or error: write the trigger's event, or the error with which it fails"
        )
    outcome = TriggerOutcome(
        task_id=entry.string("task_id"),
        map_index=entry.integer("map_index", None),
        event=entry.json("event") if "event" in entry else None,
        error=entry.optional_string("error"),
    )
    entry.check_unknown()
    return outcome


def _human_input(entry: Entry) -> HumanOutcome:
    outcome = HumanOutcome(
        task_id=entry.string("task_id"),
        map_index=entry.integer("map_index", None),
        chosen=entry.strings("chosen"),
        params=entry.table("params"),
        timed_out=entry.boolean("timed_out"),
    )
    if not outcome.chosen and not outcome.timed_out:
        raise SeedError(f"{entry.where} has no answer: write chosen = [...], or timed_out = true")
    entry.check_unknown()
    return outcome
