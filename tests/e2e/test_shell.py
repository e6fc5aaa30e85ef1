"""Commands in one shell build on each other, and return their statuses."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from e2e.processes import kill_marked, marked
from e2e.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEADLINE_S = 30


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[str]:
    mark = f"DAGFLOE_SHELL={tmp_path}"
    yield mark
    kill_marked(mark)


@pytest.fixture
def shell(tmp_path: Path, mark: str) -> Iterator[Shell]:
    env = {"PATH": os.environ["PATH"], **dict([mark.split("=", 1)])}
    with Shell(tmp_path, env, tmp_path / "typed.txt") as shell:
        yield shell


def test_commands_share_folder_and_variables(shell: Shell) -> None:
    commands = ("mkdir a && cd a", "export X=1")
    assert [shell.type(command, DEADLINE_S) for command in commands] == [(0, ""), (0, "")]
    status, output = shell.type("basename $PWD; env | grep ^X=; exec 9>&1; cat; (exit 3)", DEADLINE_S)
    assert (status, output) == (3, "a\nX=1\n")


def test_a_background_command_is_a_process_group(shell: Shell, mark: str) -> None:
    assert shell.type("sh -c 'sleep 600; echo woken' &", DEADLINE_S) == (0, "")
    assert shell.type("kill %1 && wait", DEADLINE_S)[0] == 0
    until = time.monotonic() + DEADLINE_S
    while any("sleep" in line for line in marked(mark).values()):
        assert time.monotonic() < until


def test_a_command_that_does_not_end_raises(shell: Shell) -> None:
    with pytest.raises(TimeoutError, match=r"'echo here; sleep 600' did not end within 0\.5 s; its output:\nhere"):
        shell.type("echo here; sleep 600", 0.5)


def test_the_end_of_the_shell_raises(shell: Shell) -> None:
    with pytest.raises(EOFError, match="'exit 1' ended the shell"):
        shell.type("exit 1", DEADLINE_S)
