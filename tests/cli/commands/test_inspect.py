"""`dagfloe inspect` and `dagfloe verify`, for bundle files of any SDK; those of dagfloe itself are in tests/frozen."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.cli.show.dag_tree import dag_tree
from dagfloe.cli.tool import main
from dagfloe.format.trailer import Trailer
from dagfloe.runtime.metadata import platform_tag
from support.peer import DEADLINE_S, TOOL

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from(["a", "b", "g", "g.a", "g.h", "g.h.a", "", "x\x1b[31m"])
TASK = st.dictionaries(
    st.sampled_from(["group", "upstream", "mapped", "kind", "retries", "retry_delay_s", "outlets"]) | st.text(),
    NAMES | st.lists(NAMES, max_size=2) | st.dictionaries(NAMES, JSON, max_size=2) | JSON,
    max_size=4,
)
DECLARATION = st.fixed_dictionaries(
    {},
    optional={
        "groups": st.lists(NAMES, max_size=4) | JSON,
        "tasks": st.dictionaries(NAMES, TASK, max_size=5) | JSON,
        "schedule": JSON | st.fixed_dictionaries({"assets": JSON}) | st.fixed_dictionaries({"interval_s": JSON}),
        "start_date": JSON,
        "doc_md": JSON,
        "tags": JSON,
    },
)
GO: dict[str, Any] = {
    "airflow_bundle_metadata_version": "1.0",
    "dags": {"ingest": {"tasks": ["pull", "push"]}},
    "sdk": {"language": "go", "version": "v1.2.3", "supervisor_schema_version": "2026-06-16"},
    "source": "main.go",
}


def write(path: Path, manifest: Mapping[str, Any], executable: bytes, source: bytes = b"package main\n") -> Path:
    """A bundle file as another SDK's packer writes it."""
    text = yaml.safe_dump(dict(manifest)).encode()
    trailer = Trailer(len(source), len(text), hashlib.sha256(executable).digest())
    path.write_bytes(executable + source + text + trailer.pack())
    return path


def run(*arguments: str | Path, status: int = 0) -> str:
    """What the tool prints."""
    answer = CliRunner().invoke(main, [*map(str, arguments)])
    assert answer.exit_code == status, answer.output
    return answer.output


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """A bundle of another SDK, whose program is a real one for this host."""
    return write(tmp_path / "ingest", GO, Path(sys.executable).resolve().read_bytes())


def test_another_sdk(go: Path) -> None:
    """What there is of it is shown, and what the file itself tells of its host."""
    words = " ".join(run("inspect", go).split())
    system, machine = platform_tag().split("-")
    assert f"runs on {system} {machine}" in words
    assert "SDK go v1.2.3 speaks supervisor schema 2026-06-16" in words
    assert words.endswith("Dag ingest 2 tasks ├── pull └── push")
    assert run("inspect", go, "--source") == "package main\n"


def test_its_json(go: Path) -> None:
    """The form that docs/reference/json.md tells of."""
    told = json.loads(run("inspect", go, "--json"))
    assert set(told) == {"file", "floor", "manifest", "regions", "size", "trailer"}
    assert told["manifest"] == GO
    assert told["size"] == sum(told["regions"].values()) == go.stat().st_size
    assert told["floor"]["os"] == "linux"
    assert told["floor"]["libc"] in ("glibc", "musl")
    checked = json.loads(run("verify", go, "--json"))
    assert (checked["file"], checked["intact"], checked["error"]) == (str(go), True, None)
    assert [check["name"] for check in checked["checks"]] == ["trailer", "manifest", "executable"]


def test_a_program_that_is_no_elf(tmp_path: Path) -> None:
    """A script, or a program of another system, tells nothing of its host, and that is no error."""
    script = write(tmp_path / "script", GO, b"#!/bin/sh\n")
    damaged = write(tmp_path / "damaged", GO, b"\x7fELF" + b"\1" * 100)
    for file in (script, damaged):
        assert json.loads(run("inspect", file, "--json"))["floor"] is None
        assert "runs on" not in run("inspect", file)


def test_damage(go: Path) -> None:
    """The exit status tells, and JSON is JSON then, too."""
    with go.open("r+b") as file:
        file.write(b"x")
    assert "the executable is damaged" in run("verify", go, status=1)
    checked = json.loads(run("verify", go, "--json", status=1))
    assert checked["intact"] is False
    assert "the executable is damaged" in checked["error"]
    assert run("verify", go, "--quiet", status=1).startswith("Error: ")


def test_quiet(go: Path) -> None:
    """What is intact is told by the status alone."""
    assert run("verify", go, "--quiet") == ""
    assert "✓ executable" in run("verify", go)


def test_whoever_reads_has_seen_enough(go: Path) -> None:
    """A reader that ends early is no error to tell of."""
    ours, theirs = os.pipe()
    os.close(ours)
    command = [TOOL, "inspect", str(go), "--json"]
    answer = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, timeout=DEADLINE_S, check=False)
    os.close(theirs)
    assert answer.stderr == b""


def test_an_error_moves_no_cursor(tmp_path: Path) -> None:
    """What is told of a file goes to a terminal, whatever the file has in it."""
    file = write(tmp_path / "odd", {**GO, "sdk": {"language": "\x1b[2J", "version": "1"}}, b"x")
    told = run("verify", file, status=1)
    assert "does not follow its schema at $.sdk" in told
    assert "\x1b" not in told


@given(
    st.integers(min_value=0),
    st.binary(min_size=1, max_size=8),
    st.sampled_from([("inspect",), ("inspect", "--json"), ("verify",), ("verify", "--json")]),
)
def test_any_damage(tmp_path_factory: pytest.TempPathFactory, at: int, damage: bytes, command: tuple[str, ...]) -> None:
    """Whatever was changed in a file, the answer is words or JSON, and never a stack."""
    manifest = {
        **GO,
        "sdk": {**GO["sdk"], "name": "dagfloe"},
        "floor": {"os": "linux", "architecture": "x", "libc": "none"},
    }
    file = write(tmp_path_factory.mktemp("damaged") / "file", manifest, b"\x7fELF\2\1" + bytes(100))
    content = bytearray(file.read_bytes())
    place = at % len(content)
    content[place : place + len(damage)] = damage
    file.write_bytes(content)
    answer = CliRunner().invoke(main, [*command, str(file)])
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    assert answer.exit_code in (0, 1)
    if "--json" in command and answer.stdout:
        json.loads(answer.stdout)


@given(JSON)
def test_any_manifest(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    """So it is for any value in a manifest, at any place."""
    folder = tmp_path_factory.mktemp("odd")
    for key in (*GO, "floor", "bundle", "digests"):
        file = write(folder / "file", {**GO, key: value}, b"x")
        for command in (("inspect",), ("inspect", "--json"), ("verify",)):
            answer = CliRunner().invoke(main, [*command, str(file)])
            assert answer.exception is None or isinstance(answer.exception, SystemExit)


def test_values_that_json_does_not_have(tmp_path: Path) -> None:
    """Dates and numbers as keys in a stranger's manifest become text."""
    manifest = {**GO, "extra": {1: "one", "built": yaml.safe_load("2026-01-01")}}
    told = json.loads(run("inspect", write(tmp_path / "odd", manifest, b"x"), "--json"))
    assert told["manifest"]["extra"] == {"1": "one", "built": "2026-01-01"}


def test_a_declared_dag() -> None:
    """Groups are branches; the schedule and what comes before a task stand beside it."""
    dag = {
        "tasks": ["extract", "prepare.clean", "prepare.inner.check", "total"],
        "declaration": {
            "schedule": "@daily",
            "start_date": "2026-01-01T00:00:00+00:00",
            "catchup": False,
            "tags": ["a", "b"],
            "groups": ["prepare", "prepare.inner"],
            "tasks": {
                "extract": {"retries": 2, "retry_delay_s": 300.0},
                "prepare.clean": {"group": "prepare", "kind": "branch", "upstream": ["extract"]},
                "prepare.inner.check": {"group": "prepare.inner", "mapped": {"day": {"values": [1, 2]}}},
                "total": {"upstream": ["prepare.clean", "prepare.inner.check"], "outlets": [{"name": "sum"}]},
            },
        },
    }
    assert [f"{line}{what} ({notes})" for line, what, notes in dag_tree("sales", dag)] == [
        "Dag sales (4 tasks, @daily, from 2026-01-01, catchup no, tags a, b)",
        "├── extract (retries 2, retry delay 5 min)",
        "├── prepare/ ()",
        "│   ├── clean (branch, after extract)",
        "│   └── inner/ ()",
        "│       └── check (mapped: day over 2 values)",
        "└── total (after prepare.clean, prepare.inner.check, outlets sum)",
    ]


@pytest.mark.parametrize(
    ("schedule", "shown"),
    [
        (None, "no schedule"),
        ("0 5 * * 1", "0 5 * * 1"),
        ({"interval_s": 5400}, "every 90 min"),
        ({"interval_s": 90.5}, "every 90.5 s"),
        ({"assets": [{"name": "n", "uri": "u"}, {"uri": "v"}]}, "after n, v"),
    ],
)
def test_schedules(schedule: object, shown: str) -> None:
    """Every form of a schedule in words."""
    (line,) = dag_tree("d", {"tasks": [], "declaration": {"schedule": schedule}})
    assert line == ("", "Dag d", f"0 tasks, {shown}")


@given(DECLARATION | JSON, st.lists(NAMES.filter(bool), max_size=5, unique=True))
def test_whatever_a_manifest_declares(declaration: object, tasks: list[str]) -> None:
    """Every task is shown once, and nothing moves the cursor, whatever a stranger declares."""
    lines = [*dag_tree("d\n\x1b[2J", {"tasks": tasks, "declaration": declaration})]
    assert len([line for line in lines if line[0] and not line[1].endswith("/")]) == len(tasks)
    assert not {"\x1b", "\n"} & {*"".join(text for line in lines for text in line)}
