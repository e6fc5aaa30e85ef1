"""Shows a Dag run: a live table on a terminal, a line for each record elsewhere, and a summary at the end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dagfloe.cli.text import one_line, record_lines, safe, shorten, value_text
from dagfloe.local.dag import UPSTREAM_FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from typing_extensions import Self

    from dagfloe.local.dag import DagResult
    from dagfloe.local.records import LogRecord
    from dagfloe.local.store import Store
    from dagfloe.local.task import TaskResult

_COLORS = {"success": "green", "skipped": "cyan", "running": "yellow", "failed": "red", UPSTREAM_FAILED: "magenta"}
_LOUD = frozenset({"critical", "error", "warning"})
_MAX_EVENT = 200
_MAX_VALUE = 100


@dataclass(slots=True)
class _Row:
    state: str = ""
    began: float | None = None
    seconds: float | None = None
    event: str = ""

    def elapsed(self) -> str:
        if self.seconds is None and self.began is None:
            return ""
        seconds = time.monotonic() - self.began if self.seconds is None and self.began is not None else self.seconds
        return f"{seconds:.1f}"


class PlainView:
    """Prints a line for each record; with `quiet` none."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def task_began(self, task_id: str) -> None:
        """Show nothing: its first record will tell."""

    def task_said(self, task_id: str, record: LogRecord) -> None:
        """Print the record."""
        if not self._quiet:
            click.echo(record_lines(task_id, record))

    def task_ended(self, task_id: str, result: TaskResult) -> None:
        """Show nothing: the summary tells."""

    def task_left_out(self, task_id: str) -> None:
        """Show nothing: the summary tells."""


class LiveView:
    """Keeps a table of the tasks up to date on a terminal; warnings and errors scroll by above it.

    Args:
        console: the terminal.
        task_ids: the tasks, in the order in which they run.
    """

    def __init__(self, console: Console, task_ids: Sequence[str]) -> None:
        self._rows = {task_id: _Row() for task_id in task_ids}
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def task_began(self, task_id: str) -> None:
        """Show it as running."""
        row = self._rows[task_id]
        row.state, row.began = "running", time.monotonic()
        self._live.refresh()

    def task_said(self, task_id: str, record: LogRecord) -> None:
        """Show the record's event in the task's row."""
        self._rows[task_id].event = shorten(one_line(record.event), _MAX_EVENT)
        if record.level in _LOUD:
            self._live.console.print(Text(record_lines(task_id, record)), soft_wrap=True)

    def task_ended(self, task_id: str, result: TaskResult) -> None:
        """Show its state."""
        row = self._rows[task_id]
        row.state, row.seconds = result.state, result.seconds
        self._live.refresh()

    def task_left_out(self, task_id: str) -> None:
        """Show that it is not run."""
        self._rows[task_id].state = UPSTREAM_FAILED

    def _table(self) -> Table:
        table = Table(box=None, expand=True, pad_edge=False)
        table.add_column("task", no_wrap=True)
        table.add_column("state", no_wrap=True)
        table.add_column("seconds", no_wrap=True, justify="right")
        table.add_column("last log line", no_wrap=True, ratio=1, overflow="ellipsis")
        for task_id, row in self._rows.items():
            table.add_row(
                Text(one_line(task_id)), Text(row.state, _COLORS.get(row.state, "")), row.elapsed(), Text(row.event)
            )
        return table


def print_summary(result: DagResult, store: Store) -> None:
    """Print each task's state, seconds and return value, and why those failed that did."""
    mask = store.secrets.mask
    names = {task_id: one_line(task_id) for task_id in (*result.tasks, *result.left_out)}
    width = max(map(len, (*names.values(), "task")))
    states = max(map(len, (*(task.state for task in result.tasks.values()), UPSTREAM_FAILED)))
    click.echo(f"\n{'task':<{width}}  {'state':<{states}}  seconds  return_value")
    for task_id, task in result.tasks.items():
        value = store.return_value(result.dag_id, result.run_id, task_id)
        # Masked before it is cut, so that no half of a secret is left.
        shown = "" if value is None else shorten(one_line(mask(value_text(value))), _MAX_VALUE)
        state = click.style(f"{task.state:<{states}}", fg=_COLORS.get(task.state))
        click.echo(f"{names[task_id]:<{width}}  {state}  {task.seconds:>7.2f}  {shown}".rstrip())
    for task_id in result.left_out:
        click.echo(f"{names[task_id]:<{width}}  {click.style(UPSTREAM_FAILED, fg=_COLORS[UPSTREAM_FAILED])}")
    for task_id, task in result.tasks.items():
        if task.broken:
            click.echo(f"\n{names[task_id]}: Airflow would lose this task: {safe(task.broken)}")
        elif task.error:
            click.echo(f"\n{names[task_id]}: {safe(task.error)}")
        if task.leftovers:
            click.echo(f"\n{names[task_id]}: processes were left behind, and killed: {', '.join(task.leftovers)}")
