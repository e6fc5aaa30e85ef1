"""`dagfloe cache`, with caches that real launchers fill."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from dagfloe.cli.tool import main
from support.launcher import entries, environment, leftovers, payload, snapshot, start, write_bundle
from support.peer import DEADLINE_S

if TYPE_CHECKING:
    from pathlib import Path


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
    assert run("list", "--dir", cache) == f"no programs in {cache}\n"
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


def test_list_and_prune(bundle: Path, tmp_path: Path, cache: Path) -> None:
    """`list` shows the programs; `prune` removes those that are not running and were not started recently."""
    script = "#!/bin/sh\necho ready\nread line\n"
    sleeper = write_bundle(tmp_path / "sleeper", payload(script))
    env = environment(DAGFLOE_CACHE_DIR=cache)
    assert start(bundle, env=env).returncode == 0
    (idle,) = entries(cache)
    with subprocess.Popen([sleeper], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
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
        process.communicate("\n", timeout=DEADLINE_S)
    assert run("prune", "--dir", cache, "--quiet") == ""
    assert entries(cache) == []
    assert leftovers(cache) == []
    assert list((cache / "store" / "objects").iterdir()) == []
    assert start(bundle, env=env).returncode == 0


def test_file_that_cannot_be_warmed(tmp_path: Path, cache: Path, bundle: Path) -> None:
    """A file that is not a bundle file, and a cache that others can write, give an error."""
    other = tmp_path / "other"
    other.write_bytes(b"x" * 100)
    assert "not a bundle file" in run("warm", other, status=1)
    assert "--shared needs --dir" in run("warm", bundle, "--shared", status=2)
    run("warm", bundle, "--dir", cache)
    (cache / "store").chmod(0o777)
    assert "lets other users change the program" in run("warm", bundle, "--dir", cache, status=1)
