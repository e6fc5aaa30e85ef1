"""Shows a Dag run as it goes: a live table on a terminal, a line for each event elsewhere."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click

from dagfloe.cli.show.terminal_text import STATE_COLORS, one_line, record_lines, shorten
from dagfloe.model.states import RUNNING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.live import Live
    from rich.table import Table
    from typing_extensions import Self

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.schedule.instances import Instance

_LOUD = frozenset({"critical", "error", "warning"})
_MAX_EVENT = 200
_LONG_WAIT_S = 5.0


class PlainView:
    """Prints a line for each record and each change of a state; with `quiet` none."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Whoever asks may write as well."""
        yield

    def on_start(self, instance: Instance) -> None:
        """Tell that it runs, and which try it is if that is not the first one."""
        again = f", try {instance.try_number}" if instance.try_number > 1 else ""
        self._tell(instance, f"{instance.state}{again}")

    def on_record(self, instance: Instance, record: LogRecord) -> None:
        """Print the record."""
        if not self._quiet:
            click.echo(record_lines(instance.name, record))

    def on_end(self, instance: Instance) -> None:
        """Tell its state."""
        result = instance.tries[-1].result
        took = "" if result is None else f" after {result.seconds:.2f} s"
        self._tell(instance, f"{instance.state}{took}")

    def on_wait(self, instance: Instance, seconds: float, declared_s: float) -> None:
        """Tell how long."""
        self._tell(instance, f"runs again in {wait_text(seconds, declared_s)}")

    def on_skip(self, instance: Instance) -> None:
        """Tell its state."""
        self._tell(instance, str(instance.state))

    def _tell(self, instance: Instance, what: str) -> None:
        if not self._quiet:
            click.echo(f"{datetime.now():%H:%M:%S.%f}"[:12] + f" state    {one_line(instance.name)} {what}")  # noqa: DTZ005


class LiveView:
    """Keeps a table of the tasks up to date on a terminal; warnings and errors scroll by above it.

    Args:
        task_ids: the tasks, in the order in which they are shown.
    """

    def __init__(self, task_ids: Sequence[str]) -> None:
        from rich.console import Console  # noqa: PLC0415 - only on a terminal; it takes longer than all else

        self._console = Console()
        self._rows = {task_id: _Row() for task_id in task_ids}
        self._live = self._made()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the table away meanwhile."""
        self._live.stop()
        try:
            yield
        finally:
            self._live = self._made()  # the old one would write over what was said meanwhile
            self._live.start()

    def _made(self) -> Live:
        from rich.live import Live  # noqa: PLC0415 - as above

        return Live(console=self._console, get_renderable=self._table, refresh_per_second=8, transient=True)

    def on_start(self, instance: Instance) -> None:
        """Show it as running."""
        self._rows[instance.task.task_id].begin(instance)
        self._live.refresh()

    def on_record(self, instance: Instance, record: LogRecord) -> None:
        """Show the record's event in the task's row."""
        from rich.text import Text  # noqa: PLC0415 - as above

        self._rows[instance.task.task_id].event = shorten(one_line(record.event), _MAX_EVENT)
        if record.level in _LOUD:
            self._live.console.print(Text(record_lines(instance.name, record)), soft_wrap=True)

    def on_end(self, instance: Instance) -> None:
        """Show its state."""
        self._rows[instance.task.task_id].end(instance)
        self._live.refresh()

    def on_wait(self, instance: Instance, seconds: float, declared_s: float) -> None:
        """Show how long."""
        self._rows[instance.task.task_id].event = f"runs again in {wait_text(seconds, declared_s)}"

    def on_skip(self, instance: Instance) -> None:
        """Show its state."""
        self._rows[instance.task.task_id].end(instance)

    def _table(self) -> Table:
        from rich.table import Table  # noqa: PLC0415 - as above
        from rich.text import Text  # noqa: PLC0415

        table = Table(box=None, expand=True, pad_edge=False)
        table.add_column("task", no_wrap=True)
        table.add_column("state", no_wrap=True)
        table.add_column("seconds", no_wrap=True, justify="right")
        table.add_column("last log line", no_wrap=True, ratio=1, overflow="ellipsis")
        for task_id, row in self._rows.items():
            state, text = row.state()
            table.add_row(
                Text(one_line(task_id)), Text(text, STATE_COLORS.get(state, "")), row.elapsed(), Text(row.event)
            )
        return table


class _Row:
    """What the table shows of one task; of a mapped one, of all its instances together."""

    def __init__(self) -> None:
        self.event = ""
        self._instances: dict[str, Instance] = {}
        self._began: float | None = None
        self._ended: float | None = None

    def begin(self, instance: Instance) -> None:
        self._instances[instance.name] = instance
        self._began = self._began or time.monotonic()
        self._ended = None

    def end(self, instance: Instance) -> None:
        self._instances[instance.name] = instance
        if all(each.state != RUNNING for each in self._instances.values()):
            self._ended = time.monotonic()

    def state(self) -> tuple[str, str]:
        """The state that gives the colour, and the text."""
        states = [str(each.state) for each in self._instances.values()]
        if len(states) <= 1:
            return ("", "") if not states else (states[0], states[0] + self._try())
        counts = {each: states.count(each) for each in dict.fromkeys(states)}
        colored = next((each for each in ("failed", RUNNING) if each in counts), states[-1])
        return colored, ", ".join(f"{count} {each}" for each, count in counts.items())

    def _try(self) -> str:
        (instance,) = self._instances.values()
        return f" ({instance.try_number})" if instance.try_number > 1 else ""

    def elapsed(self) -> str:
        if self._began is None:
            return ""
        return f"{(self._ended or time.monotonic()) - self._began:.1f}"


def wait_text(seconds: float, declared: float) -> str:
    """How long it is until something is run again."""
    if declared > seconds:
        return f"{seconds:g} s (its Dag says {declared:g} s)"
    return f"{seconds:g} s" + (" (--max-wait shortens it)" if seconds > _LONG_WAIT_S else "")
