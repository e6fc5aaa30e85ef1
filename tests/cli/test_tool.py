"""Behaviour that all commands of the tool share."""

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
from dagfloe.format.manifest import render_manifest
from dagfloe.format.trailer import Trailer
from support.peer import DEADLINE_S
from support.tool import start_tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def command_lines(name: str, command: click.Command) -> Iterator[tuple[str, ...]]:
    """Yield the words that call a command, or each command of a group."""
    if isinstance(command, click.Group):
        for subcommand_name, subcommand in command.commands.items():
            yield from ((name, *words) for words in command_lines(subcommand_name, subcommand))
    else:
        yield (name,)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example(name: str) -> None:
    """The help of every command has an example."""
    _, command, _ = main.resolve_command(click.Context(main), [name])
    assert command
    for words in command_lines(name, command):
        result = CliRunner().invoke(main, [*words, "--help"], prog_name="dagfloe")
        assert result.exit_code == 0
        assert " ".join(("\n  dagfloe", *words)) in result.output.replace('eval "$(', "")


def test_help_loads_no_command() -> None:
    """`dagfloe --help` is fast because it loads neither the commands nor their dependencies."""
    code = (
        "import sys\nfrom dagfloe.cli.tool import main\ntry:\n    main(['--help'])\nfinally:\n    print(*sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE_S, check=True
    )
    text, loaded = result.stdout.rsplit("\n", 2)[:2]
    assert not {"jsonschema", "packaging", "psutil", "rich", "yaml", "dagfloe.cli.commands.build"} & {*loaded.split()}
    assert all(f"\n  {name} " in text for name in COMMANDS)


def test_a_misspelt_command() -> None:
    """The error for a misspelt command suggests the right one."""
    result = CliRunner().invoke(main, ["inspct"])
    assert result.exit_code == 2
    assert "Did you mean 'inspect'?" in result.output


@pytest.mark.parametrize(
    ("number", "statuses"), [(signal.SIGINT, {130, -signal.SIGINT}), (signal.SIGTERM, {143, -signal.SIGTERM})]
)
@pytest.mark.parametrize("milliseconds", [0, 10, 30, 60, 120, 200])
def test_an_interrupt_while_it_loads(milliseconds: int, number: int, statuses: set[int], tmp_path: Path) -> None:
    """An interrupt at any time gives its exit status, and no traceback."""
    sdk = {"language": "go", "version": "1", "supervisor_schema_version": "2026-06-16"}
    manifest = render_manifest(
        {"airflow_bundle_metadata_version": "1.0", "sdk": sdk, "source": "a.go", "dags": {"d": {"tasks": ["t"]}}}
    )
    with (tmp_path / "endless").open("wb") as file:  # to read it takes an hour
        file.seek(4 << 40)
        file.write(manifest + Trailer(0, len(manifest), bytes(32)).pack())
    process = start_tool("verify", str(tmp_path / "endless"))
    time.sleep(milliseconds / 1000)  # the interrupt comes at another time in each test
    process.send_signal(number)
    _, stderr = process.communicate(timeout=DEADLINE_S)
    assert process.returncode in statuses
    assert stderr in ("", "interrupted\n")


@pytest.mark.parametrize(("variable", "is_coloured"), [("", False), ("NO_COLOR", False), ("FORCE_COLOR", True)])
def test_colours(variable: str, *, is_coloured: bool) -> None:
    """Colours are for terminals, unless the environment says otherwise."""
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    code = (
        "import click\nfrom dagfloe.cli.lazy_group import LazyGroup\n"
        "@click.group(cls=LazyGroup, summaries={}, invoke_without_command=True)\n"
        "def main(): click.secho('x', fg='red')\nmain()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**env, variable: "1"} if variable else env,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    assert ("\x1b[31m" in result.stdout) == is_coloured
