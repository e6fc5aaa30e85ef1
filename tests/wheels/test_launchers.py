"""The launchers in the wheels unpack and start programs of their processors. Foreign ones run under qemu-user."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagfloe.build.dag_processor.answers import ANSWERS_FILE, pack_answers
from dagfloe.format.payload import LINK, PLAIN, PROGRAM, Payload, ProgramFile
from support.launcher import CANNOT_RUN, entries, environment, leftovers, snapshot, write_bundle
from support.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Mapping

ZIG = (Path(__file__).parents[2] / ".venvs" / "wheels" / "bin" / "python", "-m", "ziglang", "cc")
DEADLINE_S = 120
COMPILE_DEADLINE_S = 500  # the first use of the compiler compiles musl, too
#: Prints its processor, its arguments and a file beside it, and ends with status EXIT or by signal SIGNAL.
SOURCE = """
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

int main(int argc, char **argv) {
    struct utsname host;
    char path[4096], line[64] = "";
    uname(&host);
    printf("%s", host.machine);
    for (int i = 1; i < argc; i++) {
        printf(" %s", argv[i]);
    }
    snprintf(path, sizeof path, "%.*s/data.txt", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
    FILE *file = fopen(path, "r");
    printf(": %s", file && fgets(line, sizeof line, file) ? line : "no file");
    fflush(stdout);
    if (getenv("SIGNAL")) {
        raise(atoi(getenv("SIGNAL")));
    }
    return getenv("EXIT") ? atoi(getenv("EXIT")) : 0;
}
"""


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, compiled for every processor."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "program.c").write_text(SOURCE)
    for architecture in ("x86_64", "aarch64"):
        command = [*ZIG, "-target", f"{architecture}-linux-musl", "-static", "-s", "-o", architecture, "program.c"]
        subprocess.run(command, cwd=folder, check=True, timeout=COMPILE_DEADLINE_S)
    return folder


@pytest.fixture
def emulator(architecture: str) -> tuple[str, ...]:
    """The command that runs programs of a processor; none on a host that has it."""
    if architecture == platform.machine():
        return ()
    found = shutil.which(f"qemu-{architecture}")
    assert found, f"qemu-{architecture} is missing: apt-get install qemu-user"
    return (found,)


@pytest.fixture
def bundle(
    programs: Path, launcher: bytes, architecture: str, emulator: tuple[str, ...], tmp_path: Path
) -> tuple[str, ...]:
    """The command that starts a bundle file. Its program is a script, because only root can let the kernel emulate."""
    script = f'#!/bin/sh\nexec {" ".join(emulator)} "$(dirname "$0")/lib/program" "$@"\n'
    files = (
        ProgramFile("tiny", PROGRAM, script.encode()),
        ProgramFile("lib/program", PROGRAM, (programs / architecture).read_bytes()),
        ProgramFile("lib/data.txt", PLAIN, b"some data\n"),
        ProgramFile("lib/large.bin", PLAIN, b"0123456789" * 200_000),
        ProgramFile("lib/link", LINK, b"data.txt"),
        ProgramFile(
            ANSWERS_FILE, PLAIN, pack_answers({"sdk": {"supervisor_schema_version": "2026-06-16"}, "dags": {}})
        ),
    )
    return *emulator, str(write_bundle(tmp_path / "tiny", Payload("tiny", "tiny", files), launcher))


def start(command: tuple[str, ...], *arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Start a bundle file and wait until it ends."""
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=env
    )


@pytest.mark.parametrize("status", [0, 1, 7])
def test_first_and_later_starts(bundle: tuple[str, ...], architecture: str, tmp_path: Path, status: int) -> None:
    """A first start unpacks, later ones write nothing; all pass arguments and return the program's status."""
    cache = tmp_path / "cache"
    env = environment(DAGFLOE_CACHE_DIR=cache, EXIT=str(status))
    before = None
    for _ in range(3):
        outcome = start(bundle, "one", "two", env=env)
        expected = (status, f"{architecture} one two: some data\n", "")
        assert (outcome.returncode, outcome.stdout, outcome.stderr) == expected
        assert before in (None, snapshot(cache))
        before = snapshot(cache)
    assert leftovers(cache) == []
    (entry,) = entries(cache)
    assert (entry / "lib" / "link").read_text() == "some data\n"


def test_repairs(bundle: tuple[str, ...], architecture: str, tmp_path: Path) -> None:
    """A start repairs what is missing in an entry."""
    env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache")
    start(bundle, env=env)
    (entry,) = entries(tmp_path / "cache")
    (entry / "lib" / "data.txt").unlink()
    outcome = start(bundle, env=env)
    assert (outcome.returncode, outcome.stdout) == (0, f"{architecture}: some data\n")


def test_task(bundle: tuple[str, ...], tmp_path: Path) -> None:
    """The launcher waits for a task, and decides on its status."""
    flags = ("--comm=127.0.0.1:1", "--logs=127.0.0.1:1")
    env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache")
    without_message = start(bundle, *flags, env=env)
    assert without_message.returncode == 1
    assert without_message.stderr.endswith("the supervisor received no terminal message: the status is 1 instead\n")
    assert start(bundle, *flags, env={**env, "EXIT": "7"}).returncode == 7
    assert start(bundle, *flags, env={**env, "SIGNAL": "9"}).returncode == -9


def test_answers_a_dag_processor(bundle: tuple[str, ...], tmp_path: Path) -> None:
    """The launcher answers a Dag processor, and unpacks nothing."""
    cache = tmp_path / "cache"
    env = environment(DAGFLOE_CACHE_DIR=cache, AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="airflow-db-not-allowed:///")
    with Peer([*bundle], env) as peer:
        peer.send(0, {"type": "DagFileParseRequest", "file": "/b/tiny", "bundle_path": "/b", "bundle_name": "b"})
        assert peer.finish()["fileloc"] == "/b/tiny"
    assert not cache.exists()


def test_another_c_library(launcher: bytes, emulator: tuple[str, ...], tmp_path: Path) -> None:
    """A program that needs a C library that this host lacks is one line and status 126."""
    files = (ProgramFile("tiny", PROGRAM, b"\x7fELF nothing"),)
    payload = Payload("tiny", "tiny", files, loader="/lib/ld-nowhere.so.1", libc_version="2.99")
    command = (*emulator, str(write_bundle(tmp_path / "tiny", payload, launcher)))
    outcome = start(command, env=environment(DAGFLOE_CACHE_DIR=tmp_path / "cache"))
    assert outcome.returncode == CANNOT_RUN
    assert re.match(r"tiny: this host has no /lib/ld-nowhere\.so\.1, the dynamic loader of glibc", outcome.stderr)


def test_damaged_content(launcher: bytes, emulator: tuple[str, ...], tmp_path: Path) -> None:
    """A file with a damaged content is refused."""
    content = os.urandom(20)  # no other store on this host has it
    payload = Payload("tiny", "tiny", (ProgramFile("tiny", PROGRAM, b""), ProgramFile("data.txt", PLAIN, content)))
    path = write_bundle(tmp_path / "tiny", payload, launcher)
    path.write_bytes(path.read_bytes().replace(content, bytes(20)))
    outcome = start((*emulator, str(path)), env=environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", TMPDIR=tmp_path))
    assert outcome.returncode == CANNOT_RUN
    assert "the file data.txt in the bundle is damaged: copy the bundle file to this host again" in outcome.stderr
