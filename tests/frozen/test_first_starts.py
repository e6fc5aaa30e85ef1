"""First starts of a real bundle file on difficult hosts: every task that can run does."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from support.hosts import HOSTS, Host
from support.launcher import CANNOT_RUN, entries, leftovers, snapshot
from support.peer import DEADLINE_S, Peer, startup

if TYPE_CHECKING:
    from pathlib import Path

    from support.result_tables import Tables

#: `make deaths` kills 20 times as many.
KILLED = 5 * int(os.environ.get("DAGFLOE_TIMES", "1"))
TABLE = "first starts"


def run_task(command: list[str], env: dict[str, str]) -> str:
    """Run a task of the bundle hello; return its stderr."""
    with Peer(command, env) as peer:
        peer.send(0, startup("greet", "hello"))
        while True:
            frame_id, body = peer.receive()
            if frame_id == 0:
                break
            variable = {"type": "VariableResult", "key": "hello_name", "value": "host"}
            peer.send(frame_id, variable if body["type"] == "GetVariable" else None)
        assert body["type"] == "SucceedTask"
        peer.send(0)
        assert peer.wait() == 0
        assert peer.process.stderr
        return peer.process.stderr.read().decode()


def test_at_once(dist: Path, tmp_path: Path, tables: Tables) -> None:
    """If 20 first starts run at once, every task succeeds, and the program is unpacked once."""
    env = {"DAGFLOE_CACHE_DIR": str(tmp_path)}
    with ThreadPoolExecutor(20) as pool:
        stderr = list(pool.map(lambda _: run_task([str(dist / "hello")], env), range(20)))
    assert stderr == [""] * 20
    assert len(entries(tmp_path)) == 1
    assert leftovers(tmp_path) == []
    tables.add(
        TABLE,
        "20 first starts at once",
        "seen",
        "20 of 20 tasks succeeded; one unpacked the file, and no incomplete entry was left",
    )


def test_killed_at_any_time(dist: Path, tmp_path: Path, tables: Tables) -> None:
    """If a first start is killed at any time, the next one runs its task and removes what the first one left."""
    moments = random.Random(4)  # noqa: S311 - times, not secrets
    killed = unpacking = 0
    for number in range(KILLED):
        cache = tmp_path / str(number)
        env = {**os.environ, "DAGFLOE_CACHE_DIR": str(cache)}
        process = subprocess.Popen([dist / "hello", "--version"], stdout=subprocess.DEVNULL, env=env)
        time.sleep(moments.uniform(0, 0.12))
        process.kill()
        killed += process.wait(DEADLINE_S) == -signal.SIGKILL
        unpacking += (cache / "store" / "partial").is_dir() and bool(leftovers(cache))
        assert run_task([str(dist / "hello")], {"DAGFLOE_CACHE_DIR": str(cache)}) == ""
        assert leftovers(cache) == []
        assert len(entries(cache)) == 1
        subprocess.run(["rm", "-rf", str(cache)], check=True)
    assert killed > KILLED // 2
    tables.add(
        TABLE,
        f"{KILLED} first starts, each killed at a random moment",
        "seen",
        f"the signal killed {killed}, {unpacking} of them while unpacking; "
        f"{KILLED} of {KILLED} next starts succeeded, and no incomplete entry was left",
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make such hosts")
@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_hard_host(dist: Path, tmp_path: Path, tables: Tables, host: Host) -> None:
    """The task runs from another folder, or one line says what to do. No half unpacked program is left."""
    env = {name: value.replace("$HOST", str(tmp_path)) for name, value in host.env.items()}
    env = {
        "DAGFLOE_CACHE_DIR": "",
        "XDG_CACHE_HOME": "",
        "HOME": "",
        "TMPDIR": "",
        **env,
        "HOST": str(tmp_path),
        "FILE": "/proc/self/fd/9",
    }
    command = ["unshare", "--mount", "sh", "-euc", f'exec 9<"$1"; shift; {host.script}', "sh", str(dist / "hello")]
    if host.runs:
        stderr = run_task(command, env)
        outcome = "the task succeeded"
    else:
        answer = subprocess.run(
            [*command, "--comm=127.0.0.1:1", "--logs=127.0.0.1:1"],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
            env={**os.environ, **env},
        )
        assert (answer.returncode, answer.stdout) == (CANNOT_RUN, ""), answer.stderr
        stderr = answer.stderr
        outcome = f"status {CANNOT_RUN}: no folder can be used"
    assert all(part in stderr for part in host.stderr), stderr
    assert bool(stderr) == bool(host.stderr)
    if stderr:
        outcome += f"; stderr: “{stderr.splitlines()[-1].replace(str(tmp_path), '…')}”"
    tables.add(TABLE, host.name, "seen", outcome)


def test_later_starts_write_nothing(dist: Path, tmp_path: Path) -> None:
    """A later start changes nothing in the folders that it could write to."""
    env = {"DAGFLOE_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    run_task([str(dist / "hello")], env)
    before = snapshot(tmp_path)
    run_task([str(dist / "hello")], env)
    assert snapshot(tmp_path) == before
