"""The command line of a bundle with closed or full streams, and with arguments of any kind."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.peer import DEADLINE_S, write_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import IO

PRINTING = [["--bundle-metadata"], ["--bundle-metadata", "--format=yaml"], ["--self-check"], ["--version"], ["--help"]]


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """The command of a small bundle."""
    return write_project(tmp_path, "@dag.task\ndef t() -> None: ...\n")


def unmeasured() -> dict[str, str]:
    """The environment without coverage, whose own files would get the descriptors of closed streams."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def run(
    command: list[str],
    *arguments: str,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
    preexec_fn: Callable[[], object] | None = None,
) -> tuple[int, str]:
    """Run the bundle; return its exit status, and what it wrote to stderr."""
    done = subprocess.run(
        [*command, *arguments],
        stdout=stdout,
        stderr=stderr,
        preexec_fn=preexec_fn,
        timeout=DEADLINE_S,
        check=False,
        env=None if preexec_fn is None else unmeasured(),
    )
    error = (done.stderr or b"").decode()
    assert "Traceback" not in error
    assert "Exception ignored" not in error
    return done.returncode, error


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_full_disk(arguments: list[str], command: list[str]) -> None:
    """If the output cannot be written, one line says so."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        status, error = run(command, *arguments, stdout=full)
    assert (status, error) == (1, "test: the output cannot be written: No space left on device\n")


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_reader_that_ends(arguments: list[str], command: list[str]) -> None:
    """If the reader of the output has ended, nothing is printed."""
    ours, theirs = os.pipe()
    os.close(ours)
    status, error = run(command, *arguments, stdout=theirs)
    os.close(theirs)
    assert (status, error) == (1, "")


@pytest.mark.parametrize("arguments", PRINTING[:3], ids=" ".join)
def test_a_closed_output(arguments: list[str], command: list[str]) -> None:
    """If the output is closed, one line says so; without any stream, the exit status does."""
    status, error = run(command, *arguments, preexec_fn=lambda: os.close(1))
    assert (status, error) == (1, "test: stdout or stderr is closed: open both\n")
    assert run(command, *arguments, preexec_fn=lambda: os.closerange(0, 3)) == (1, "")


def test_a_usage_error_that_nobody_reads(command: list[str]) -> None:
    """A usage error has its status even if its message cannot be written."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        for arguments in ([], ["--nope"], ["--comm=a:1"]):
            assert run(command, *arguments, stderr=full)[0] == 2
            assert run(command, *arguments, preexec_fn=lambda: os.closerange(0, 3))[0] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        [b"\xff"],
        [b"--\xff"],
        [b"--comm=\xff", b"--logs=127.0.0.1:1"],
        [b"--comm=\x1b[31m:1", b"--logs=127.0.0.1:1"],
        [b"--format=\x1b[31m"],
        [b"--\x1b[31m"],
        [b"x" * 100_000],
        [b"1"] * 50_000,
        [b"--comm=127.0.0.1:" + b"9" * 10_000, b"--logs=127.0.0.1:1"],
    ],
    ids=range(9),
)
def test_arguments_of_any_kind(arguments: list[bytes], command: list[str]) -> None:
    """Arguments that are not UTF-8, have control characters, or are long or many give a short usage error."""
    status, error = run(command, *map(os.fsdecode, arguments))
    assert status == 2
    assert "\x1b" not in error
    assert len(error) < 1500
    assert error.rpartition("Error: ")[2].count("\n") == 1
