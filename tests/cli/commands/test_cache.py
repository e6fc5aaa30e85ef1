"""`dagfloe cache`, with caches that real launchers fill."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from dagfloe.build.program_store import ProgramStore
from dagfloe.cli.tool import main
from support.launcher import SCRIPT, entries, environment, leftovers, payload, snapshot, start, write_bundle
from support.peer import DEADLINE_S, TOOL
from support.raw_bundle import write_bundle as write_raw_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANIFEST = """
airflow_bundle_metadata_version: "1.0"
dags: {sales: {tasks: [t]}}
sdk: {language: raw, version: "1", supervisor_schema_version: "2026-06-16"}
source: raw.py
"""


def run(*arguments: str | Path, status: int = 0) -> str:
    """Run the command, and return its output."""
    result = CliRunner().invoke(main, ["cache", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache folder that does not exist yet."""
    return tmp_path / "cache"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A small bundle file."""
    return write_bundle(tmp_path / "tiny")


def test_empty_cache(cache: Path) -> None:
    """A host that never started a bundle file has an empty cache."""
    assert run("list", "--dir", cache) == f"nothing in {cache}\n"
    assert run("prune", "--dir", cache) == "nothing to remove\n"
    assert json.loads(run("list", "--dir", cache, "--json")) == []


def test_warm(bundle: Path, cache: Path) -> None:
    """After `warm`, a bundle file starts without writing anything. A second `warm` changes nothing."""
    output = run("warm", bundle, "--dir", cache)
    (entry,) = entries(cache)
    assert output == f"{bundle}: {entry}\n"
    before = snapshot(cache)
    assert run("warm", bundle, "--dir", cache) == output
    assert run("warm", bundle, "--dir", cache, "--quiet") == ""
    assert start(bundle, env=environment(DAGFLOE_CACHE_DIR=cache)).returncode == 0
    assert snapshot(cache) == before


def test_warm_for_all_users(bundle: Path, cache: Path) -> None:
    """All users can read and run a shared cache, and only its owner can write to it."""
    run("warm", bundle, "--dir", cache, "--shared")
    (entry,) = entries(cache)
    assert {path.stat().st_mode & 0o777 for path in (cache, cache / "store", entry, entry / "lib")} == {0o755}
    assert (entry / "tiny").stat().st_mode & 0o777 == 0o555
    assert (entry / "lib" / "data.txt").stat().st_mode & 0o777 == 0o444
    if os.geteuid() == 0:  # root can become another user, who must reach the folder
        for folder in (cache.parents[0], cache.parents[1], cache.parents[2]):
            folder.chmod(0o755)
        command = ["setpriv", "--reuid", "12345", "--clear-groups", str(bundle), "x"]
        env = environment(DAGFLOE_CACHE_DIR=cache)
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=env)
        assert (done.stdout, done.stderr) == ("started x\nsome data\n", "")


@contextmanager
def running(file: Path, env: dict[str, str]) -> Iterator[None]:
    """Write a bundle file, and let its program run during the block."""
    sleeper = write_bundle(file, payload("#!/bin/sh\necho ready\nread line\n"))
    with subprocess.Popen([sleeper], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
        process.communicate("\n", timeout=DEADLINE_S)


def test_list_and_prune(bundle: Path, tmp_path: Path, cache: Path) -> None:
    """`list` shows the programs; `prune` removes those that are not running and were not started recently."""
    env = environment(DAGFLOE_CACHE_DIR=cache)
    assert start(bundle, env=env).returncode == 0
    (idle,) = entries(cache)
    with running(tmp_path / "sleeper", env):
        programs = {program["id"]: program for program in json.loads(run("list", "--dir", cache, "--json"))}
        assert len(programs) == 2
        assert programs[idle.name]["running"] is False
        assert programs[idle.name]["bytes"] == sum(path.stat().st_size for path in idle.rglob("*") if path.is_file())
        assert [program["running"] for program in programs.values()].count(True) == 1
        table = run("list", "--dir", cache)
        assert "running" in table
        assert "today" in table
        assert run("prune", "--dir", cache, "--older-than", "1") == "nothing to remove\n"
        assert run("prune", "--dir", cache).startswith(f"removed tiny {idle.name[:12]}, 2.0 MB")
        assert len(entries(cache)) == 1
    assert run("prune", "--dir", cache, "--quiet") == ""
    assert entries(cache) == []
    assert leftovers(cache) == []
    assert list((cache / "store" / "objects").iterdir()) == []
    assert start(bundle, env=env).returncode == 0


def test_caches_of_libraries(bundle: Path, tmp_path: Path, cache: Path) -> None:
    """What libraries keep is listed with its bundle, and pruned unless its program runs or it was used recently."""
    env = environment(DAGFLOE_CACHE_DIR=cache)
    assert start(bundle, env=env).returncode == 0
    (idle,) = entries(cache)
    with running(tmp_path / "sleeper", env):
        (used,) = {*entries(cache)} - {idle}
        versions = {idle.name: "tiny", used.name: "tiny", "0" * 64: "?", "shop-2f-3e": "shop"}
        for name in versions:
            (cache / "libraries" / name / "numba").mkdir(parents=True)
            (cache / "libraries" / name / "numba" / "index").write_bytes(b"x" * 200_000)
        listed = [item for item in json.loads(run("list", "--dir", cache, "--json")) if item["kind"] == "libraries"]
        assert {item["id"]: item["bundle"] for item in listed} == versions
        assert {item["bytes"] for item in listed} == {200_000}
        assert run("prune", "--dir", cache, "--only", "libraries", "--older-than", "1") == "nothing to remove\n"
        assert run("prune", "--dir", cache, "--gone") == "removed libraries ? 000000000000, 0.2 MB\n"
        run("prune", "--dir", cache, "--only", "libraries")
        assert [path.name for path in (cache / "libraries").iterdir()] == [used.name]
        assert idle.exists()
    run("prune", "--dir", cache)
    assert not (cache / "libraries").exists()


def test_file_that_cannot_be_warmed(tmp_path: Path, cache: Path, bundle: Path) -> None:
    """A file that is not a bundle file, and a cache that others can write, give an error."""
    other = tmp_path / "other"
    other.write_bytes(b"x" * 100)
    assert "not a bundle file" in run("warm", other, status=1)
    assert "--shared needs --dir" in run("warm", bundle, "--shared", status=2)
    one_file = write_raw_bundle(tmp_path / "one", "", MANIFEST)
    assert f"{one_file} has no launcher, so no store can hold it" in run("warm", one_file, status=1)
    damaged = write_bundle(tmp_path / "damaged", payload(data=os.urandom(4_000_000)))
    with damaged.open("r+b") as file:
        file.seek(-2_000_000, os.SEEK_END)
        file.write(bytes(1000))
    message = run("warm", damaged, "--dir", cache, status=1)
    assert message.startswith("Error: ")
    assert "lib/data.txt in the bundle is damaged: copy the bundle file to this host again" in message
    assert "was unpacked to" not in message
    run("warm", bundle, "--dir", cache)
    (cache / "store").chmod(0o777)
    assert "lets other users change the program" in run("warm", bundle, "--dir", cache, status=1)


def test_many_at_once(bundle: Path, cache: Path) -> None:
    """Commands and starts at the same time disturb neither each other nor a running program."""
    env = {**environment(DAGFLOE_CACHE_DIR=cache), "TERM": "dumb"}
    others = [write_bundle(bundle.with_name(f"other{number}"), payload(f"{SCRIPT}# {number}")) for number in range(3)]
    words = (["list"], ["prune"], ["list", "--json"], ["prune", "--quiet"])
    for _ in range(3):
        commands = [[TOOL, "cache", *words[number % 4]] for number in range(8)]
        starts = [[str(file), "x"] for file in (bundle, *others, bundle, *others)]
        processes = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
            for pair in zip(commands, starts, strict=True)
            for command in pair
        ]
        for process in processes:
            stdout, stderr = process.communicate(timeout=DEADLINE_S)
            assert (process.returncode, stderr) == (0, ""), process.args
            if process.args in starts:
                assert stdout == "started x\nsome data\n"
    run("prune", "--dir", cache)
    assert run("list", "--dir", cache) == f"nothing in {cache}\n"
    assert [path for path in (cache / "store").rglob("*") if not path.is_dir()] == []


def test_a_lock_file_that_was_replaced(bundle: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If another command prunes an entry and a start unpacks it again, an old lock does not count for the new entry."""
    run("warm", bundle, "--dir", cache)
    (entry,) = entries(cache)
    lock = entry.with_suffix(".use")
    flock = fcntl.flock
    running: list[int] = []

    def replace_lock(descriptor: int, operation: int) -> None:
        if not running and operation & fcntl.LOCK_EX and os.path.samestat(os.fstat(descriptor), lock.stat()):
            lock.rename(lock.with_suffix(".gone"))
            lock.with_suffix(".gone").unlink()
            running.append(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600))
            flock(running[0], fcntl.LOCK_SH)
        flock(descriptor, operation)

    store = ProgramStore(cache)
    (program,) = store.programs()
    monkeypatch.setattr(ProgramStore, "programs", lambda _: [program])
    monkeypatch.setattr(fcntl, "flock", replace_lock)
    assert store.prune() == []
    assert entry.is_dir()
    os.close(running[0])


def test_what_killed_processes_leave(bundle: Path, cache: Path) -> None:
    """`prune` removes what a process that was killed while it unpacked has left."""
    run("warm", bundle, "--dir", cache)
    (entry,) = entries(cache)
    entry.rename(cache / "store" / "partial" / entry.name)
    (cache / "store" / "partial" / f"{entry.name}.scratch").mkdir()
    (cache / "store" / "partial" / f"{entry.name}.old").touch()
    assert run("prune", "--dir", cache) == "nothing to remove\n"
    assert [path for path in (cache / "store").rglob("*") if not path.is_dir()] == []
    assert not list((cache / "store" / "partial").iterdir())


@pytest.mark.parametrize("name", ["", "store", "store/entries", "store/objects", "store/partial"])
@pytest.mark.parametrize("kind", ["file", "pipe", "link", "foreign", "writable"])
def test_hostile_folders(name: str, kind: str, bundle: Path, cache: Path, tmp_path: Path) -> None:
    """What is not a store of this user is not pruned: a message, and no file elsewhere is deleted."""
    run("warm", bundle, "--dir", cache)
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    path = cache / name
    if kind in ("file", "pipe", "link"):
        shutil.rmtree(path)
        if kind == "file":
            path.touch()
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(precious)
    elif kind == "writable":
        path.chmod(0o777)
    elif os.geteuid() == 0:
        os.chown(path, 12345, 12345)
    expected = 0 if not name and kind in ("link", "writable", "foreign") else 1
    if kind != "foreign" or os.geteuid() == 0:
        result = CliRunner().invoke(main, ["cache", "prune", "--dir", str(cache)])
        assert result.exit_code == expected, result.output
    CliRunner().invoke(main, ["cache", "list", "--dir", str(cache)])
    assert (precious / "file").exists()


def test_hostile_entries(bundle: Path, cache: Path, tmp_path: Path) -> None:
    """Pipes, links and names of any kind among the entries break neither `list` nor `prune`."""
    run("warm", bundle, "--dir", cache)
    folder = cache / "store" / "entries"
    precious = tmp_path / "precious"
    precious.touch()
    for name in ("a\n\x1b[31m", "b", "c", "d", os.fsdecode(b"\xff")):
        (folder / name).mkdir()
        (folder / name / f"{name}").touch()
    (folder / "a\n\x1b[31m.use").touch()
    os.mkfifo(folder / "b.use")
    (folder / "c.use").symlink_to(precious)
    (folder / "d.use").mkdir()
    (folder / f"{os.fsdecode(bytes([255]))}.use").touch()
    (folder / "e.use").touch()
    (folder / "e").symlink_to(tmp_path)
    os.mkfifo(cache / "store" / "objects" / "pipe")
    (cache / "store" / "objects" / "link").symlink_to(precious)
    environment = {**os.environ, "DAGFLOE_CACHE_DIR": str(cache)}
    for words in (["list"], ["list", "--json"], ["prune"], ["prune"]):
        command = [TOOL, "cache", *words]
        done = subprocess.run(command, capture_output=True, timeout=DEADLINE_S, check=False, env=environment)
        assert (done.returncode, done.stderr) == (0, b""), words
        assert b"\x1b" not in done.stdout
    assert precious.exists()


def write_environment(cache: Path, name: str, project: Path, days: float = 0) -> Path:
    """Write an environment that a project used some days ago."""
    root = cache / "environments" / f"{name}-0123456789abcdef"
    root.mkdir(parents=True)
    (root / "complete.json").write_text("{}")
    (root / "module.py").write_bytes(bytes(2_000_000))
    root.with_suffix(".lock").touch()
    root.with_suffix(".use").write_text(json.dumps([str(project)]))
    used = time.time() - days * 86400
    os.utime(root.with_suffix(".use"), (used, used))
    return root


def write_analysis(cache: Path, name: str) -> Path:
    """Write an analysis."""
    folder = cache / "analyses" / name / "fedcba9876543210"
    folder.mkdir(parents=True)
    (folder / "analysis.json").write_bytes(bytes(1_000_000))
    return folder


def test_what_builds_keep(cache: Path, bundle: Path, tmp_path: Path) -> None:
    """The list has environments and analyses with their sizes; `prune` removes those of the kinds that it is given."""
    environment_root = write_environment(cache, "sales", tmp_path, days=3)
    analysis = write_analysis(cache, "sales")
    run("warm", bundle, "--dir", cache)
    table = [line.split() for line in run("list", "--dir", cache).splitlines()]
    assert table[0] == ["kind", "bundle", "id", "MB", "last", "used"]
    assert [row[0] for row in table[1:]] == ["program", "analysis", "environment"]
    assert table[-1][3:] == ["2.0", "3", "days", "ago"]
    entries_by_kind = {entry["kind"]: entry for entry in json.loads(run("list", "--dir", cache, "--json"))}
    assert entries_by_kind["environment"]["path"] == str(environment_root)
    assert entries_by_kind["analysis"]["bytes"] == 1_000_000
    assert run("prune", "--dir", cache, "--only", "analysis") == "removed analysis sales fedcba987654, 1.0 MB\n"
    assert not analysis.exists()
    assert run("prune", "--dir", cache, "--older-than", "4") == "nothing to remove\n"
    assert "removed environment sales 0123456789ab, 2.0 MB" in run("prune", "--dir", cache, "--older-than", "2")
    assert not environment_root.exists()
    assert [path.name for path in (cache / "environments").iterdir()] == []
    assert entries(cache)


def test_environments_in_use(cache: Path, tmp_path: Path) -> None:
    """An environment stays while a command uses it."""
    root = write_environment(cache, "sales", tmp_path)
    with root.with_suffix(".use").open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert json.loads(run("list", "--dir", cache, "--json"))[0]["running"] is True
        assert run("prune", "--dir", cache) == "nothing to remove\n"
    assert "removed environment" in run("prune", "--dir", cache)


def test_projects_that_are_gone(cache: Path, tmp_path: Path) -> None:
    """`prune --gone` removes the environment and the analyses of a project whose folder is gone, and no other."""
    gone, stays = write_environment(cache, "old", tmp_path / "gone"), write_environment(cache, "sales", tmp_path)
    write_analysis(cache, "sales")
    write_analysis(cache, "old")
    resolution = cache / "resolutions" / "old-0123456789abcdef"
    resolution.mkdir(parents=True)
    (resolution / "facts.json").write_text(json.dumps({"root": str(tmp_path / "gone")}))
    output = run("prune", "--dir", cache, "--gone")
    assert sorted(output.splitlines()) == [
        "removed analysis old fedcba987654, 1.0 MB",
        "removed environment old 0123456789ab, 2.0 MB",
    ]
    assert not gone.exists()
    assert not resolution.exists()
    assert stays.exists()
