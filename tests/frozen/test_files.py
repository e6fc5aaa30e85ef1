"""The frozen example files, as Airflow and people use them."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from dagfloe.format.bundle_file import read_bundle, verify_bundle
from dagfloe.format.errors import ManifestError, TrailerError
from dagfloe.format.manifest import validate_manifest
from support.peer import TOOL, Peer, startup

if TYPE_CHECKING:
    from pathlib import Path

TASKS = {"hello": ["greet", "count"], "weather": ["extract", "aggregate", "load"]}


def run(*command: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program and wait for it."""
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60, check=False, env=env)


@pytest.mark.parametrize("name", TASKS)
def test_metadata(dist: Path, name: str) -> None:
    """The metadata is one JSON document that follows the schema: the manifest without the build's additions."""
    answer = run(dist / name, "--bundle-metadata")
    assert (answer.returncode, answer.stderr) == (0, "")
    metadata = json.loads(answer.stdout)
    validate_manifest(metadata)
    assert {dag_id: dag["tasks"] for dag_id, dag in metadata["dags"].items()} == {name: TASKS[name]}
    manifest = read_bundle(dist / name).manifest
    assert metadata == {key: value for key, value in manifest.items() if key not in ("digests", "floor")}
    assert yaml.safe_load(run(dist / name, "--bundle-metadata", "--format", "yaml").stdout) == metadata


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "nothing to do"),
        (["--comm", "127.0.0.1:1"], "--logs is missing"),
        (["--logs=127.0.0.1:1"], "--comm is missing"),
        (["--comm=localhost", "--logs=127.0.0.1:1"], "the port is missing"),
        (["--comm=127.0.0.1:1", "--logs=127.0.0.1:99999"], "not a number from 1 to 65535"),
        (["--comm=", "--logs=127.0.0.1:1"], "--comm takes host:port"),
        (["--unheard"], "--unheard"),
    ],
)
def test_usage_errors(dist: Path, arguments: list[str], reason: str) -> None:
    """A usage error prints the usage and the reason on stderr, with status 2."""
    answer = run(dist / "hello", *arguments)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "Usage: hello" in answer.stderr
    assert reason in answer.stderr


def test_no_python_and_no_environment_are_needed(dist: Path) -> None:
    """Help works with an empty environment, without any Python on PATH."""
    answer = run(dist / "hello", "--help", env={})
    assert answer.returncode == 0
    assert "--bundle-metadata" in answer.stdout


def test_a_task_runs(dist: Path) -> None:
    """The frozen file runs a task for the supervisor that listens at both addresses."""
    with Peer([str(dist / "hello")]) as peer:
        peer.send(0, startup("greet", "hello"))
        frame_id, _ = peer.expect("GetVariable")
        peer.send(frame_id, {"type": "VariableResult", "key": "hello_name", "value": "frozen"})
        frame_id, body = peer.expect("SetXCom")
        assert body["value"]["greeting"] == "Hello, frozen!"
        peer.send(frame_id)
        assert peer.finish()["type"] == "SucceedTask"
        assert peer.record("Hello, frozen!")["logger"] == "hello.greet"


@pytest.mark.parametrize("name", TASKS)
def test_intact_files_are_accepted(dist: Path, name: str) -> None:
    """`dagfloe verify` accepts the files of `make dist`, and `inspect` shows them."""
    assert run(TOOL, "verify", dist / name).returncode == 0
    inspected = json.loads(run(TOOL, "inspect", "--json", dist / name).stdout)
    assert sum(inspected["regions"].values()) == inspected["size"] == (dist / name).stat().st_size
    assert "@dag.task" in run(TOOL, "inspect", "--source", dist / name).stdout


def test_damaged_files_are_refused(dist: Path, tmp_path: Path) -> None:
    """A change of any byte of source, manifest or trailer is found, and of sampled bytes of the executable."""
    path = tmp_path / "hello"
    shutil.copyfile(dist / "hello", path)
    intact = read_bundle(path)
    tail = range(intact.binary_len, intact.size)
    sampled = range(0, intact.binary_len, intact.binary_len // 20)
    with path.open("r+b", buffering=0) as file:
        for place in (*sampled, *tail):
            file.seek(place)
            byte = file.read(1)
            file.seek(place)
            file.write(bytes([byte[0] ^ 0x01]))
            with pytest.raises((TrailerError, ManifestError)):
                verify_bundle(read_bundle(path))
            file.seek(place)
            file.write(byte)
    assert verify_bundle(read_bundle(path))


def test_verify_shows_the_damage(dist: Path, tmp_path: Path) -> None:
    """`dagfloe verify` shows the damage in one line, with status 1."""
    path = tmp_path / "hello"
    shutil.copyfile(dist / "hello", path)
    with path.open("r+b") as file:
        file.write(b"\0")
    answer = run(TOOL, "verify", path)
    assert answer.returncode == 1
    assert answer.stderr.splitlines() == [
        f"Error: {path}: the executable is damaged: its digest is not the one in the trailer"
    ]
