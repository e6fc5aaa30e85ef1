"""The whole launcher under sanitizers: it starts, repairs and prunes without an error of memory or of threads' use."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from dagfloe.build.dag_processor.answers import ANSWERS_FILE, pack_answers
from dagfloe.format.payload import LINK, PLAIN, PROGRAM, Payload, ProgramFile
from support.launcher import CANNOT_RUN, SCRIPT, entries, environment, leftovers, payload, start, write_bundle
from support.peer import DEADLINE_S, Peer
from support.sanitized_launcher import OPTIONS, compile_launcher

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = "started one two\nsome data\n"
ARGUMENTS = ("one", "two")
NOT_TAKEN = b"tiny: the Dag processor did not take the answer: it closed the connection, or did nothing for 30 s"
#: How long a Dag processor may be busy with something else. Each of its parses may take 30 s by default.
BUSY_S = 12


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The launcher, compiled with sanitizers."""
    return compile_launcher(tmp_path_factory.mktemp("sanitized") / "launcher").read_bytes()


def sanitized(cache: Path, **variables: str | Path) -> dict[str, str]:
    """The environment of a start of a launcher with sanitizers."""
    return environment(DAGFLOE_CACHE_DIR=cache, **OPTIONS, **variables)


def test_starts_and_repairs(launcher: bytes, tmp_path: Path) -> None:
    """First starts, later starts and starts with a damaged entry run the program."""
    bundle = write_bundle(tmp_path / "tiny", launcher=launcher)
    env = sanitized(tmp_path / "cache")
    for _ in range(2):
        first = start(bundle, *ARGUMENTS, env=env)
        assert (first.returncode, first.stdout, first.stderr) == (0, EXPECTED, "")
    (entry,) = entries(tmp_path / "cache")
    (entry / "lib" / "data.txt").unlink()
    repaired = start(bundle, *ARGUMENTS, env=env)
    assert (repaired.returncode, repaired.stdout, repaired.stderr) == (0, EXPECTED, "")


def test_concurrent_first_starts(launcher: bytes, tmp_path: Path) -> None:
    """Several first starts at once, each with several threads, all run the program."""
    files = [ProgramFile(f"lib/{number}", PLAIN, bytes([number]) * 5000) for number in range(60)]
    program = (ProgramFile("tiny", PROGRAM, SCRIPT.encode()), ProgramFile("lib/data.txt", LINK, b"1"), *files)
    bundle = write_bundle(tmp_path / "tiny", Payload("tiny", "tiny", program), launcher)
    env = sanitized(tmp_path / "cache")
    running = [subprocess.Popen([bundle], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env) for _ in range(6)]
    for process in running:
        _, errors = process.communicate(timeout=DEADLINE_S)
        assert (process.returncode, errors) == (0, b"")
    assert leftovers(tmp_path / "cache") == []


def test_pruning(launcher: bytes, tmp_path: Path) -> None:
    """A first start removes the entries of other versions."""
    env = sanitized(tmp_path / "cache", DAGFLOE_CACHE_MIB="0")
    for number in range(3):
        bundle = write_bundle(tmp_path / f"tiny{number}", payload(data=bytes([number])), launcher)
        answer = start(bundle, env=env)
        assert (answer.returncode, answer.stderr) == (0, "")
    assert len(entries(tmp_path / "cache")) == 1


def test_answers_a_dag_processor(launcher: bytes, tmp_path: Path) -> None:
    """The launcher answers a Dag processor. After any other first frame, the program gets the sockets."""
    script = '#!/bin/sh\necho "$_DAGFLOE_SOCKETS"\n'
    metadata = {"sdk": {"supervisor_schema_version": "2026-06-16"}, "dags": {}}
    files = (
        ProgramFile("tiny", PROGRAM, script.encode()),
        ProgramFile(ANSWERS_FILE, PLAIN, pack_answers(metadata)),
    )
    bundle = write_bundle(tmp_path / "tiny", Payload("tiny", "tiny", files), launcher)
    env = sanitized(tmp_path / "cache", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="airflow-db-not-allowed:///")
    with Peer([str(bundle)], env) as peer:
        peer.send(0, {"type": "DagFileParseRequest", "file": "/b/tiny", "bundle_path": "/b", "bundle_name": "b"})
        assert peer.finish()["fileloc"] == "/b/tiny"
    with Peer([str(bundle)], env) as peer:
        peer.send(0, {"type": "TaskHandlerParseRequest", "file": "/b/tiny"})
        output, errors = peer.process.communicate(timeout=DEADLINE_S)
        assert re.fullmatch(rb"\d+,\d+\n", output)
        assert errors.endswith(b"the supervisor received no terminal message: the status is 1 instead\n")


def test_a_dag_processor_that_takes_no_answer(launcher: bytes, tmp_path: Path) -> None:
    """A Dag processor that closes the connection is one line on stderr, and status 1. A busy one gets time."""
    metadata = {"sdk": {"supervisor_schema_version": "2026-10-30"}, "dags": {}}
    files = (ProgramFile("tiny", PROGRAM, b""), ProgramFile(ANSWERS_FILE, PLAIN, pack_answers(metadata)))
    bundle = write_bundle(tmp_path / "tiny", Payload("tiny", "tiny", files), launcher)
    env = sanitized(tmp_path / "cache", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="airflow-db-not-allowed:///")
    request = {"type": "DagFileParseRequest", "file": "/b/tiny", "bundle_path": "/b", "bundle_name": "b"}
    with Peer([str(bundle)], env) as peer:
        peer.send(0, request)
        assert peer.receive()[1]["fileloc"] == "/b/tiny"
        peer.comm.close()
        _, errors = peer.process.communicate(timeout=DEADLINE_S)
        assert (peer.process.returncode, errors.splitlines()) == (1, [NOT_TAKEN])
    with Peer([str(bundle)], env) as peer:
        peer.send(0, request)
        with pytest.raises(subprocess.TimeoutExpired):
            peer.process.wait(BUSY_S)
        assert peer.finish()["fileloc"] == "/b/tiny"


def test_damaged_content(launcher: bytes, tmp_path: Path) -> None:
    """A file with a damaged content is refused, and each folder is named with the reason."""
    content = os.urandom(20)  # no other store on this host has it
    bundle = write_bundle(tmp_path / "tiny", payload(data=content), launcher)
    bundle.write_bytes(bundle.read_bytes().replace(content, bytes(20)))
    answer = start(bundle, env=sanitized(tmp_path / "cache", TMPDIR=tmp_path))
    assert answer.returncode == CANNOT_RUN
    reason = "the file lib/data.txt in the bundle is damaged: copy the bundle file to this host again"
    assert f"tiny: the cache folder {tmp_path / 'cache'} cannot be used: {reason}" in answer.stderr.splitlines()


@pytest.mark.parametrize(
    ("length", "is_used"), [(3995, True), (3996, True), (3997, False), (4095, False), (4096, False), (10_000, False)]
)
def test_long_cache_folders(launcher: bytes, tmp_path: Path, length: int, *, is_used: bool) -> None:
    """A cache folder is used as long as the paths of the files in it fit the kernel's limit."""
    bundle = write_bundle(tmp_path / "tiny", launcher=launcher)
    folder = (str(tmp_path) + ("/" + "n" * 99) * 101)[: length - 1] + "n"
    answer = start(bundle, *ARGUMENTS, env=environment(DAGFLOE_CACHE_DIR=folder, TMPDIR=tmp_path, **OPTIONS))
    assert (answer.returncode, answer.stdout) == (0, EXPECTED)
    assert (tmp_path / f"dagfloe-{os.geteuid()}").exists() is not is_used
