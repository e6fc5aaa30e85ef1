"""The group of the tool's commands: their modules are loaded when they are called; colours; clean ends."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from dagfloe.constants import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class LazyGroup(click.Group):
    """Commands that are in modules of the same names in `dagfloe.cli`.

    Args:
        texts: what the list of commands says of each, by name.
    """

    def __init__(self, *args: Any, texts: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, text in texts.items():
            self.add_command(click.Command(name, short_help=text))  # stands for it in lists

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """The commands, as they were declared: first what is needed first."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Load the command that is called."""
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and command is not None:
            command = getattr(import_module(f"dagfloe.cli.commands.{name}"), name)
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C ends it with status 130, once what it has begun is cleared away."""
        ctx.color = _color()
        try:
            with _clean_ends():
                return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted", err=True)
            ctx.exit(EXIT_INTERRUPTED)


def _color() -> bool | None:
    """Whether to write colours: never, always, or None for on a terminal only."""
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


@contextmanager
def _clean_ends() -> Iterator[None]:
    """Let the first signal that asks to end raise an exception; more of them do not disturb what clears away then."""

    def end(number: int, _: object) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    before = {each: handler for each in _SIGNALS if (handler := signal.getsignal(each)) is not signal.SIG_IGN}
    try:
        for each in before:
            signal.signal(each, end)
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
