"""Shows a Dag run as lines, for output that is not a terminal."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click

from dagfloe.cli.show.terminal_text import format_record, format_wait, to_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.schedule.instances import Instance


class PlainRunView:
    """Prints a line for each log record and each change of a state.

    Args:
        quiet: whether to print nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do nothing: lines do not disturb a prompt."""
        yield

    def on_start(self, instance: Instance) -> None:
        """Print that the task instance runs, and the number of the try if it is not the first."""
        retry = f", try {instance.try_number}" if instance.try_number > 1 else ""
        self._print(instance, f"{instance.state}{retry}")

    def on_record(self, instance: Instance, record: LogRecord) -> None:
        """Print the log record."""
        if not self._quiet:
            click.echo(format_record(instance.name, record))

    def on_end(self, instance: Instance) -> None:
        """Print the state, and how long the try took."""
        result = instance.tries[-1].result
        duration = "" if result is None else f" after {result.seconds:.2f} s"
        self._print(instance, f"{instance.state}{duration}")

    def on_wait(self, instance: Instance, seconds: float, declared_s: float) -> None:
        """Print the wait before the next try."""
        self._print(instance, format_wait(seconds, declared_s))

    def on_skip(self, instance: Instance) -> None:
        """Print the state of a task instance that does not run."""
        self._print(instance, str(instance.state))

    def _print(self, instance: Instance, event: str) -> None:
        if not self._quiet:
            click.echo(f"{datetime.now():%H:%M:%S.%f}"[:12] + f" state    {to_one_line(instance.name)} {event}")  # noqa: DTZ005
