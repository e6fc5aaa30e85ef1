"""The click group of the tool: it loads a command's module when the command is called."""

from __future__ import annotations

import os
import signal
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from dagfloe.cli.signal_handlers import handle_signals
from dagfloe.constants import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. On Ctrl-C it cleans up and exits with status 130."""
        ctx.color = _color()
        handled = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]

        def interrupt(number: int, _: object) -> None:
            for other in handled:  # further signals must not disturb the cleanup
                signal.signal(other, signal.SIG_IGN)
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            raise SystemExit(128 + number)

        try:
            with handle_signals(handled, interrupt):
                return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted", err=True)
            ctx.exit(EXIT_INTERRUPTED)


def _color() -> bool | None:
    """Whether to write colours: never, always, or (None) on a terminal only."""
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None
