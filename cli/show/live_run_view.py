"""Shows a Dag run as a live table on a terminal."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagfloe.cli.show.terminal_text import STATE_COLORS, format_record, format_wait, shorten, to_one_line
from dagfloe.constants import FAILED, RUNNING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.live import Live
    from rich.table import Table
    from typing_extensions import Self

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.schedule.instances import Instance

_PRINTED_LEVELS = frozenset({"critical", "error", "warning"})
_MAX_EVENT = 200


class LiveRunView:
    """Keeps a table of the tasks up to date. Warnings and errors scroll by above it.

    Args:
        task_ids: the tasks, in the order of the rows.
    """

    def __init__(self, task_ids: Sequence[str]) -> None:
        from rich.console import Console  # noqa: PLC0415 - only on a terminal; it takes longer than all else

        self._console = Console()
        self._rows = {task_id: _TaskRow() for task_id in task_ids}
        self._live = self._create_live()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Remove the table for the length of a prompt."""
        self._live.stop()
        try:
            yield
        finally:
            self._live = self._create_live()  # the old one would overwrite the prompt
            self._live.start()

    def on_start(self, instance: Instance) -> None:
        """Show the task instance as running."""
        self._rows[instance.task.task_id].begin(instance)
        self._live.refresh()

    def on_record(self, instance: Instance, record: LogRecord) -> None:
        """Show the record's event in the task's row."""
        from rich.text import Text  # noqa: PLC0415 - as above

        self._rows[instance.task.task_id].event = shorten(to_one_line(record.event), _MAX_EVENT)
        if record.level in _PRINTED_LEVELS:
            self._live.console.print(Text(format_record(instance.name, record)), soft_wrap=True)

    def on_end(self, instance: Instance) -> None:
        """Show the task instance's state."""
        self._rows[instance.task.task_id].end(instance)
        self._live.refresh()

    def on_wait(self, instance: Instance, seconds: float, declared_s: float) -> None:
        """Show the wait before the next try."""
        self._rows[instance.task.task_id].event = format_wait(seconds, declared_s)

    def on_skip(self, instance: Instance) -> None:
        """Show the state of a task instance that does not run."""
        self._rows[instance.task.task_id].end(instance)

    def _create_live(self) -> Live:
        from rich.live import Live  # noqa: PLC0415 - as above

        return Live(console=self._console, get_renderable=self._table, refresh_per_second=8, transient=True)

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
                Text(to_one_line(task_id)), Text(text, STATE_COLORS.get(state, "")), row.elapsed(), Text(row.event)
            )
        return table


class _TaskRow:
    """The table's row of one task; for a mapped task, of all its instances together."""

    def __init__(self) -> None:
        self.event = ""
        self._instances: dict[str, Instance] = {}
        self._start: float | None = None
        self._end: float | None = None

    def begin(self, instance: Instance) -> None:
        self._instances[instance.name] = instance
        self._start = self._start or time.monotonic()
        self._end = None

    def end(self, instance: Instance) -> None:
        self._instances[instance.name] = instance
        if all(other.state != RUNNING for other in self._instances.values()):
            self._end = time.monotonic()

    def state(self) -> tuple[str, str]:
        """Return the state that sets the colour, and the cell's text."""
        states = [str(instance.state) for instance in self._instances.values()]
        if len(states) <= 1:
            return ("", "") if not states else (states[0], states[0] + self._try())
        counts = {state: states.count(state) for state in dict.fromkeys(states)}
        colored = next((state for state in (FAILED, RUNNING) if state in counts), states[-1])
        return colored, ", ".join(f"{count} {state}" for state, count in counts.items())

    def elapsed(self) -> str:
        if self._start is None:
            return ""
        return f"{(self._end or time.monotonic()) - self._start:.1f}"

    def _try(self) -> str:
        (instance,) = self._instances.values()
        return f" ({instance.try_number})" if instance.try_number > 1 else ""
