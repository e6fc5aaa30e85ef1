"""The launcher connects to the supervisor at once, and the program gets the sockets."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from support.launcher import CANNOT_RUN, environment, payload, write_bundle
from support.peer import DEADLINE_S, Peer, until

#: Takes the sockets over as the runtime does, and shows what the launcher said about them.
PROGRAM = f"""#!{sys.executable} -SE
import os, signal, socket
numbers = os.environ.get("_DAGFLOE_SOCKETS", "")
print("sockets", numbers, flush=True)
if numbers:
    comm, logs = (socket.socket(fileno=int(number)) for number in numbers.split(","))
    logs.sendall(b"a line\\n")
    print("received", comm.recv(100)[4:], flush=True)
    comm.sendall(b"an answer")
    signal.pause()
"""
#: Longer than a start without a wait takes.
QUIET_S = 0.5


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    """A bundle file with this program."""
    return str(write_bundle(tmp_path / "tiny", payload(PROGRAM)))


def count_sockets(process: int) -> int:
    """How many sockets a process has open."""
    count = 0
    for file in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            count += str(file.readlink()).startswith("socket:")
    return count


def test_the_program_gets_the_sockets(bundle: str, tmp_path: Path) -> None:
    """The sockets work in the program. The launcher has them, too, until the supervisor sends its first frame.

    The supervisor looks for the process of a connection in the process that it started and in its descendants. If the
    launcher passed the sockets on in the middle of that search, it would find them nowhere, and search again later.
    """
    with Peer([bundle], environment(DAGFLOE_CACHE_DIR=tmp_path / "cache")) as peer:
        assert peer.process.stdout
        assert peer.logs.recv(100) == b"a line\n"
        assert count_sockets(peer.process.pid) == 2
        peer.send(0, "hello")
        assert peer.comm.recv(100) == b"an answer"
        assert [peer.process.stdout.readline().split()[0] for _ in range(2)] == [b"sockets", b"received"]
        until(lambda: count_sockets(peer.process.pid) == 0, "the end of the launcher's own sockets")
        # Nobody but the program has them now, so their end is the program's end.
        assert peer.process.poll() is None


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    """The launcher waits for the first frame before it says why: until then, nobody reads what it prints."""
    bundle = write_bundle(tmp_path / "tiny", payload("no program"))
    with Peer([str(bundle)], environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", TMPDIR=tmp_path)) as peer:
        with pytest.raises(subprocess.TimeoutExpired):
            peer.process.wait(QUIET_S)
        peer.send(0, "hello")
        _, errors = peer.process.communicate(timeout=DEADLINE_S)
    assert peer.process.returncode == CANNOT_RUN
    assert b"cannot be used: the unpacked program cannot be started: Exec format error\n" in errors


def test_a_supervisor_that_is_gone(tmp_path: Path) -> None:
    """The launcher does not wait for a supervisor that has closed the connection."""
    bundle = write_bundle(tmp_path / "tiny", payload("no program"))
    with Peer([str(bundle)], environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", TMPDIR=tmp_path)) as peer:
        peer.comm.close()
        assert peer.process.wait(DEADLINE_S) == CANNOT_RUN


@pytest.mark.parametrize("other", ["127.0.0.1:1", "127.0.0.1:99999", "localhost:80", "[::1]:80", "192.0.2.1:80", "x"])
def test_other_addresses(bundle: str, tmp_path: Path, other: str) -> None:
    """The program connects itself if the launcher cannot connect both sockets at once. Neither remains open."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(DEADLINE_S)
        command = [bundle, f"--comm=127.0.0.1:{server.getsockname()[1]}", f"--logs={other}"]
        env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", _DAGFLOE_SOCKETS="3,4")
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=DEADLINE_S, env=env
        )
        with server.accept()[0] as comm:
            comm.settimeout(DEADLINE_S)
            assert comm.recv(1) == b""
    assert done.stdout == b"sockets \n"


@pytest.mark.parametrize("arguments", [(), ("--bundle-metadata",), ("--comm=127.0.0.1:1",)])
def test_other_modes(bundle: str, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A start for a person connects to nobody, and does not hand over what its caller names."""
    env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", _DAGFLOE_SOCKETS="3,4")
    done = subprocess.run(
        [bundle, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=DEADLINE_S, env=env
    )
    assert done.stdout == b"sockets \n"
