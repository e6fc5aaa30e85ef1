"""Tests of the seed file."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe import Connection, DagfloeError
from dagfloe.local.schedule.outcomes import HumanOutcome, TriggerOutcome
from dagfloe.local.seed.seed_file import Seed, parse_seed, read_seed
from dagfloe.local.store.store import Store, XComKey
from dagfloe.local.supervise.frame_codec import encode_reply
from support.store_requests import answer
from support.strategies import finite, int64, nested, text

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
[variables]
colour = "green"
limits = [1, { a = true }]

[connections]
db = "postgres://me:hunter2@h:5432/db"

[connections.web]
conn_type = "http"
host = "h"
password = "hunter3"
extra = { timeout = 5 }

[[xcoms]]
task_id = "up"
value = [1, { a = 2.5 }]

[[xcoms]]
task_id = "up"
key = "k"
map_index = 3
run_id = "earlier"
dag_id = "e"
value = false

[[assets]]
name = "raw"
uri = "s3://raw"
group = "g"
extra = { owner = "me" }
aliases = ["al"]

[[asset_events]]
name = "raw"
timestamp = 2026-01-02T03:04:05+01:00
extra = { rows = 3 }
source_task_id = "up"
partition_key = "p"

[[asset_events]]
name = "other"
timestamp = 2026-01-02 03:04:05
aliases = ["al"]

[params]
limit = 10

[conf]
who = "me"

[[triggers]]
task_id = "wait"
event = { path = "x" }

[[triggers]]
task_id = "wait"
map_index = 1
error = "it broke"

[[human_input]]
task_id = "approve"
chosen = ["yes"]
params = { why = "because" }

[[human_input]]
task_id = "approve"
map_index = 2
timed_out = true
"""


def filled_store(seed: Seed) -> Store:
    store = Store()
    seed.fill(store, dag_id="d", run_id="r")
    return store


def test_whole_file(tmp_path: Path) -> None:
    """Everything in a seed file reaches the store, or an attribute of the seed."""
    path = tmp_path / "seed.toml"
    path.write_text(WHOLE, "utf-8")
    seed = read_seed(path)
    store = filled_store(seed)
    assert store.variables == {"colour": "green", "limits": '[1, {"a": true}]'}
    assert store.connections["db"] == Connection.from_uri("db", "postgres://me:hunter2@h:5432/db")
    assert store.connections["web"].extra == {"timeout": 5}
    assert store.mask("hunter2 hunter3") == "*** ***"
    assert store.xcoms == {
        XComKey("d", "r", "up", -1, "return_value"): [1, {"a": 2.5}],
        XComKey("e", "earlier", "up", 3, "k"): False,
    }
    assert answer(store, "GetAssetByUri", uri="s3://raw")["extra"] == {"owner": "me"}
    alias_assets = answer(store, "GetAssetsByAlias", alias_name="al")["assets"]
    assert [asset["name"] for asset in alias_assets] == ["raw", "other"]
    (event,) = answer(store, "GetAssetEventByAsset", name="raw", uri=None)["asset_events"]
    assert event["timestamp"] == datetime(2026, 1, 2, 2, 4, 5, tzinfo=timezone.utc)
    assert (event["extra"], event["source_task_id"], event["partition_key"]) == ({"rows": 3}, "up", "p")
    (event,) = answer(store, "GetAssetEventByAssetAlias", alias_name="al")["asset_events"]
    assert event["timestamp"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert (seed.params, seed.conf) == ({"limit": 10}, {"who": "me"})
    assert seed.triggers == (
        TriggerOutcome(task_id="wait", event={"path": "x"}),
        TriggerOutcome(task_id="wait", map_index=1, error="it broke"),
    )
    assert seed.human_input == (
        HumanOutcome(task_id="approve", chosen=("yes",), params={"why": "because"}),
        HumanOutcome(task_id="approve", map_index=2, timed_out=True),
    )


def test_empty_file() -> None:
    """An empty file adds nothing."""
    assert parse_seed("") == Seed()
    assert repr(filled_store(Seed())) == "Store(0 variables, 0 connections, 0 XComs)"


def test_repr() -> None:
    """A seed's repr shows no value of a variable, connection or XCom."""
    assert "hunter" not in repr(parse_seed(WHOLE))
    assert "green" not in repr(parse_seed(WHOLE))
    assert "2.5" not in repr(parse_seed(WHOLE))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[variable]\na = 'hunter2'", "the file has the unknown key 'variable': did you mean variables?"),
        ("variables = 3", r"variables is not a table: write \[variables\] above its lines"),
        ("[variables]\na = 2026-01-01", r"\[variables\] 'a' is a date or a time, .*: write it as a string, in quotes"),
        ("[variables]\na = [nan]", r"\[variables\] 'a' is not finite, .*: write it as a string, in quotes"),
        (f"[conf]\na = {{ b = {2**70} }}", r"\[conf\] 'a' 'b' is too large a number for a message"),
        ("[connections]\nc = 3", r"\[connections\] 'c' is neither a string nor a table: write a URI"),
        ("[connections]\nc = 'hunter2'", r"\[connections\] 'c': .*expected a URI such as"),
        ("[connections.c]\nconn_type = 'a'\npass = 'hunter2'", r"\[connections\] 'c': .*instead of 'pass'"),
        ("[connections.c]\npassword = 'hunter2'", r"\[connections\] 'c': .*expected a conn_type"),
        ("[xcoms]\na = 'hunter2'", r"xcoms is not a list of tables: write \[\[xcoms\]\] above every entry"),
        ("[[xcoms]]\ntask_id = 't'", r"\[\[xcoms\]\] number 1 has no value: add it"),
        ("[[xcoms]]\nvalue = 'hunter2'", r"\[\[xcoms\]\] number 1 has no task_id: add it"),
        (
            "[[xcoms]]\ntask_id = 't'\nvalue = 1\n[[xcoms]]\ntask_id = 't'\nvalue = 1\nmap_index = 'hunter2'",
            r"\[\[xcoms\]\] number 2: map_index is not valid: write a whole number",
        ),
        ("[[xcoms]]\ntask_id = ''\nvalue = 1", "task_id is not valid: write a string in quotes that is not empty"),
        (
            "[[xcoms]]\ntask_id = 't'\nvalue = 1\nmapindex = 1",
            "has the unknown key 'mapindex': did you mean map_index?",
        ),
        ("[[assets]]\nname = 'a'\naliases = 'al'", r"\[\[assets\]\] number 1: aliases .* write a list of strings"),
        ("[[assets]]\nname = 'a'\nextra = 'hunter2'", "extra is not valid: write a table"),
        ("[[asset_events]]\nname = 'a'\ntimestamp = 'hunter2'", "write a date with a time, such as 2026"),
        ("[[asset_events]]\nname = 'a'\ntimestamp = 2026-01-01", "write a date with a time, such as 2026"),
        ("[[triggers]]\ntask_id = 't'", r"\[\[triggers\]\] number 1 needs either event or error"),
        ("[[triggers]]\ntask_id = 't'\nevent = 1\nerror = 'hunter2'", "needs either event or error"),
        ("[[human_input]]\ntask_id = 't'", r"has no answer: write chosen = \[...\], or timed_out = true"),
        ("[[human_input]]\ntask_id = 't'\ntimed_out = 'yes'", "timed_out .* write true or false"),
        ("[variables]\na = 'hunter2", "it is not valid TOML at end of document: correct it there"),
        ("[variables]\na = hunter2", "it is not valid TOML at line 2, column"),
        ("[conf]\na = " + "[" * 120 + "]" * 120, r"\[conf\] nests values more than 100 levels deep: nest them less"),
        ("[conf]\na = " + "[" * 100_000, "nested too deeply|not valid TOML"),
    ],
)
def test_mistakes(content: str, message: str) -> None:
    """The error for a mistake names the table, the entry and the fix, and shows no value."""
    with pytest.raises(DagfloeError, match=message) as error:
        parse_seed(content)
    assert "hunter2" not in str(error.value)


def test_unreadable_files(tmp_path: Path) -> None:
    """The error for a file that cannot be read names the file."""
    path = tmp_path / "seed.toml"
    with pytest.raises(DagfloeError, match=r"seed\.toml cannot be read: No such file"):
        read_seed(path)
    path.write_bytes(b"[variables]\na = '\xff'")
    with pytest.raises(DagfloeError, match=r"seed\.toml is not UTF-8: save it as UTF-8"):
        read_seed(path)
    path.write_text("[x]")
    with pytest.raises(DagfloeError, match=r"the seed file .*seed\.toml: the file has the unknown key 'x'"):
        read_seed(path)
    path.write_bytes(b"\xef\xbb\xbf[params]\r\na = 1\r\n")
    assert read_seed(path).params == {"a": 1}


@given(st.text() | st.text(st.sampled_from("[]{}=\"'.,\n#ab1-:T variables xcoms params")))
def test_any_content(content: str) -> None:
    """Any content is either a seed or a DagfloeError."""
    with suppress(DagfloeError):
        assert isinstance(parse_seed(content), Seed)


def as_toml(value: Any) -> str:
    """Write a JSON value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_toml(key)} = {as_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return _number(value)


def _number(value: float) -> str:
    number = json.dumps(value)
    return number if isinstance(value, int) or set(number) & set(".e") else f"{number}.0"


@given(st.dictionaries(text.filter(bool), nested(st.booleans() | int64 | finite | text), max_size=4))
def test_values(values: dict[str, Any]) -> None:
    """Every JSON value reaches the store unchanged, and a frame can carry it."""
    entries = "".join(
        f"[[xcoms]]\ntask_id = {as_toml(key)}\nvalue = {as_toml(value)}\n" for key, value in values.items()
    )
    store = filled_store(parse_seed(entries))
    assert {key.task_id: value for key, value in store.xcoms.items()} == values
    for value in store.xcoms.values():
        assert encode_reply(1, {"type": "XComResult", "key": "k", "value": value})
