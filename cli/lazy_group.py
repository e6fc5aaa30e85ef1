"""The click group of the tool: it loads a command's module when the command is called."""

from __future__ import annotations

import os
import signal
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from dagfloe.cli.error_handling import errors_as_messages, escaped_messages
from dagfloe.cli.signal_handlers import raise_on_signals
from dagfloe.constants import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: What ends a command early. The statuses of SystemExit are those of a process that the signal killed, for a shell.
_EXCEPTIONS: Mapping[signal.Signals, Callable[[], BaseException]] = {
    signal.SIGINT: KeyboardInterrupt,
    signal.SIGTERM: partial(SystemExit, 128 + signal.SIGTERM),
    signal.SIGHUP: partial(SystemExit, 128 + signal.SIGHUP),
}


class LazyGroup(click.Group):
    """A group whose commands are in modules of the same names in `dagfloe.cli.commands`.

    Args:
        summaries: the lines that `--help` shows for the commands, by name.
    """

    def __init__(self, *args: Any, summaries: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, summary in summaries.items():
            self.add_command(click.Command(name, short_help=summary))  # a placeholder for lists of commands

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """List the commands in the order of `summaries`."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Replace the placeholder by the command itself."""
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and command is not None:
            command = getattr(import_module(f"dagfloe.cli.commands.{name}"), name)
        return name, command, rest

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the options before the command."""
        with escaped_messages(), errors_as_messages():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. On Ctrl-C it cleans up and exits with status 130."""
        ctx.color = _color()
        try:
            with raise_on_signals(_EXCEPTIONS), escaped_messages(), errors_as_messages():
                return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted", err=True)
            ctx.exit(EXIT_INTERRUPTED)


def _color() -> bool | None:
    """Whether to write colours: never, always, or (None) on a terminal only."""
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None
