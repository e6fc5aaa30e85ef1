"""`dagfloe inspect` and `dagfloe verify` with bundle files of any SDK. `tests/frozen` has those of dagfloe itself."""

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
    """Write a bundle file like the packer of another SDK."""
    text = yaml.safe_dump(dict(manifest)).encode()
    trailer = Trailer(len(source), len(text), hashlib.sha256(executable).digest())
    path.write_bytes(executable + source + text + trailer.pack())
    return path


def run(*arguments: str | Path, status: int = 0) -> str:
    """Run a command, and return its output."""
    result = CliRunner().invoke(main, [*map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """A bundle file of another SDK with a real program for this host."""
    return write(tmp_path / "ingest", GO, Path(sys.executable).resolve().read_bytes())


def test_another_sdk(go: Path) -> None:
    """`inspect` shows the manifest, and what the executable needs of its host."""
    words = " ".join(run("inspect", go).split())
    system, machine = platform_tag().split("-")
    assert f"requires {system} {machine}" in words
    assert "SDK go v1.2.3 protocol supervisor schema 2026-06-16" in words
    assert words.endswith("Dag ingest 2 tasks ├── pull └── push")
    assert run("inspect", go, "--source") == "package main\n"


def test_json(go: Path) -> None:
    """The JSON has the names that docs/reference/json.md lists."""
    description = json.loads(run("inspect", go, "--json"))
    assert set(description) == {"file", "floor", "manifest", "regions", "size", "trailer"}
    assert description["manifest"] == GO
    assert description["size"] == sum(description["regions"].values()) == go.stat().st_size
    assert description["floor"]["os"] == "linux"
    assert description["floor"]["libc"] in ("glibc", "musl")
    report = json.loads(run("verify", go, "--json"))
    assert (report["file"], report["intact"], report["error"]) == (str(go), True, None)
    assert [check["name"] for check in report["checks"]] == ["trailer", "manifest", "executable"]


def test_a_program_that_is_not_elf(tmp_path: Path) -> None:
    """If the program is not an ELF file, its needs are unknown. That is not an error."""
    script = write(tmp_path / "script", GO, b"#!/bin/sh\n")
    damaged = write(tmp_path / "damaged", GO, b"\x7fELF" + b"\1" * 100)
    for file in (script, damaged):
        assert json.loads(run("inspect", file, "--json"))["floor"] is None
        assert "requires" not in run("inspect", file)


def test_damage(go: Path) -> None:
    """A damaged file gives exit status 1 and a message, also as JSON."""
    with go.open("r+b") as file:
        file.write(b"x")
    assert "the executable is damaged" in run("verify", go, status=1)
    report = json.loads(run("verify", go, "--json", status=1))
    assert report["intact"] is False
    assert "the executable is damaged" in report["error"]
    assert run("verify", go, "--quiet", status=1).startswith("Error: ")


def test_options_that_exclude_each_other(go: Path) -> None:
    """The source is not JSON."""
    assert "--json cannot be used with --source" in run("inspect", go, "--json", "--source", status=2)


def test_quiet(go: Path) -> None:
    """With `--quiet`, an intact file gives no output."""
    assert run("verify", go, "--quiet") == ""
    assert "✓ executable" in run("verify", go)


def test_a_closed_pipe(go: Path) -> None:
    """If the reader of the output ends early, there is no error message."""
    ours, theirs = os.pipe()
    os.close(ours)
    command = [TOOL, "inspect", str(go), "--json"]
    result = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, timeout=DEADLINE_S, check=False)
    os.close(theirs)
    assert result.stderr == b""


def test_control_characters_in_an_error(tmp_path: Path) -> None:
    """An error message shows control characters of a file as escapes."""
    file = write(tmp_path / "odd", {**GO, "sdk": {"language": "\x1b[2J", "version": "1"}}, b"x")
    output = run("verify", file, status=1)
    assert "does not follow its schema at $.sdk" in output
    assert "\x1b" not in output


@given(
    st.integers(min_value=0),
    st.binary(min_size=1, max_size=8),
    st.sampled_from([("inspect",), ("inspect", "--json"), ("verify",), ("verify", "--json")]),
)
def test_any_damage(tmp_path_factory: pytest.TempPathFactory, at: int, damage: bytes, command: tuple[str, ...]) -> None:
    """Any damage gives a message or JSON, and never a traceback."""
    manifest = {
        **GO,
        "sdk": {**GO["sdk"], "name": "dagfloe"},
        "floor": {"os": "linux", "architecture": "x", "libc": "none"},
    }
    file = write(tmp_path_factory.mktemp("damaged") / "file", manifest, b"\x7fELF\2\1" + bytes(100))
    content = bytearray(file.read_bytes())
    offset = at % len(content)
    content[offset : offset + len(damage)] = damage
    file.write_bytes(content)
    result = CliRunner().invoke(main, [*command, str(file)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code in (0, 1)
    assert "defect of dagfloe" not in result.output
    if "--json" in command and result.stdout:
        json.loads(result.stdout)


@given(JSON)
def test_any_manifest(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    """Any value in a manifest gives a message or output, and never a traceback."""
    folder = tmp_path_factory.mktemp("odd")
    for key in (*GO, "floor", "bundle", "digests"):
        file = write(folder / "file", {**GO, key: value}, b"x")
        for command in (("inspect",), ("inspect", "--json"), ("verify",), ("stub",), ("run", "--max-wait", "0")):
            result = CliRunner().invoke(main, [*command, str(file)])
            assert result.exception is None or isinstance(result.exception, SystemExit)
            assert "defect of dagfloe" not in result.stderr


def test_values_that_json_does_not_have(tmp_path: Path) -> None:
    """Dates in a manifest, and keys that are numbers, become strings."""
    manifest = {**GO, "extra": {1: "one", "built": yaml.safe_load("2026-01-01")}}
    description = json.loads(run("inspect", write(tmp_path / "odd", manifest, b"x"), "--json"))
    assert description["manifest"]["extra"] == {"1": "one", "built": "2026-01-01"}


def test_a_declared_dag() -> None:
    """Task groups are branches. Beside a Dag or a task are its schedule, its upstream tasks and its options."""
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
    assert [f"{line.branch}{line.label} ({line.notes})" for line in dag_tree("sales", dag)] == [
        "Dag sales (4 tasks, @daily, from 2026-01-01, catchup no, tags a, b)",
        "├── extract (retries 2, retry delay 5 min)",
        "├── prepare/ ()",
        "│   ├── clean (branch, after extract)",
        "│   └── inner/ ()",
        "│       └── check (mapped: day over 2 values)",
        "└── total (after prepare.clean, prepare.inner.check, outlets sum)",
    ]


@pytest.mark.parametrize(
    ("schedule", "note"),
    [
        (None, "no schedule"),
        ("0 5 * * 1", "0 5 * * 1"),
        ({"interval_s": 5400}, "every 90 min"),
        ({"interval_s": 90.5}, "every 90.5 s"),
        ({"assets": [{"name": "n", "uri": "u"}, {"uri": "v"}]}, "after n, v"),
        ({"assets": [{"name": "a\nb"}, {"uri": "\x1b[2J"}]}, r"after a b, \x1b[2J"),
    ],
)
def test_schedules(schedule: object, note: str) -> None:
    """Every form of a schedule has a note."""
    (line,) = dag_tree("d", {"tasks": [], "declaration": {"schedule": schedule}})
    assert line == ("", "Dag d", f"0 tasks, {note}")


@given(DECLARATION | JSON, st.lists(NAMES.filter(bool), max_size=5, unique=True))
def test_any_declaration(declaration: object, tasks: list[str]) -> None:
    """With any declaration, the tree shows every task once, and no control characters."""
    lines = [*dag_tree("d\n\x1b[2J", {"tasks": tasks, "declaration": declaration})]
    assert len([line for line in lines if line.branch and not line.label.endswith("/")]) == len(tasks)
    assert not {"\x1b", "\n"} & {*"".join(text for line in lines for text in line)}
