"""What all commands of the tool have in common."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from dagfloe.cli.tool import COMMANDS, main
from support.peer import DEADLINE_S
from support.tool import start_tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def words_of(name: str, command: click.Command) -> Iterator[tuple[str, ...]]:
    """The words that call a command, or those of a group."""
    if isinstance(command, click.Group):
        for inner, each in command.commands.items():
            yield from ((name, *words) for words in words_of(inner, each))
    else:
        yield (name,)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example(name: str) -> None:
    """Each command says what it does, and shows it."""
    _, command, _ = main.resolve_command(click.Context(main), [name])
    assert command
    for words in words_of(name, command):
        answer = CliRunner().invoke(main, [*words, "--help"], prog_name="dagfloe")
        assert answer.exit_code == 0
        assert " ".join(("\n  dagfloe", *words)) in answer.output.replace('eval "$(', "")


def test_the_list_needs_no_command() -> None:
    """Showing what there is loads none of the commands, nor what they need; that is why it is quick."""
    code = (
        "import sys\nfrom dagfloe.cli.tool import main\ntry:\n    main(['--help'])\nfinally:\n    print(*sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE_S, check=True
    )
    text, loaded = answer.stdout.rsplit("\n", 2)[:2]
    assert not {"jsonschema", "packaging", "psutil", "rich", "yaml", "dagfloe.cli.commands.build"} & {*loaded.split()}
    assert all(f"\n  {name} " in text for name in COMMANDS)


def test_a_slip_of_the_pen() -> None:
    """A command that there is not is told with the one that was meant."""
    answer = CliRunner().invoke(main, ["inspct"])
    assert answer.exit_code == 2
    assert "Did you mean 'inspect'?" in answer.output


@pytest.mark.parametrize(
    ("number", "statuses"), [(signal.SIGINT, {130, -signal.SIGINT}), (signal.SIGTERM, {143, -signal.SIGTERM})]
)
@pytest.mark.parametrize("milliseconds", [0, 10, 30, 60, 120, 200])
def test_an_interrupt_while_it_loads(milliseconds: int, number: int, statuses: set[int], tmp_path: Path) -> None:
    """Whenever it comes, no stack is shown, and the status tells."""
    os.mkfifo(tmp_path / "endless")  # nobody writes into it: the command waits for ever
    process = start_tool("verify", str(tmp_path / "endless"))
    time.sleep(milliseconds / 1000)  # not to wait for something: each is another moment
    process.send_signal(number)
    _, stderr = process.communicate(timeout=DEADLINE_S)
    assert process.returncode in statuses
    assert stderr in ("", "interrupted\n")


@pytest.mark.parametrize(("variable", "coloured"), [("", False), ("NO_COLOR", False), ("FORCE_COLOR", True)])
def test_colours(variable: str, *, coloured: bool) -> None:
    """They are for terminals, unless the environment says otherwise."""
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    code = (
        "import click\nfrom dagfloe.cli.lazy_group import LazyGroup\n"
        "@click.group(cls=LazyGroup, texts={}, invoke_without_command=True)\n"
        "def main(): click.secho('x', fg='red')\nmain()"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**env, variable: "1"} if variable else env,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    assert ("\x1b[31m" in answer.stdout) == coloured
