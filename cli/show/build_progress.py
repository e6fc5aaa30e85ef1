"""Shows the steps of a build: live on a terminal, as lines elsewhere."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from dagfloe.cli.show.terminal_text import shorten, to_one_line

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import TaskID
    from typing_extensions import Self


class BuildProgress:
    """Shows the running step of a build, and how long the others took.

    Args:
        quiet: whether to show nothing.
        verbose: whether to show every line of uv and PyInstaller.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self._verbose = verbose
        # Rich takes a file for a terminal if FORCE_COLOR is set.
        self._live = self._console.file.isatty() and os.environ.get("TERM") != "dumb" and not quiet
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._step = ""
        self._start = 0.0

    @property
    def wants_output(self) -> bool:
        """Whether to pass the lines of uv and PyInstaller to `output`."""
        return self._verbose or self._live

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end_step(done=kind is None)

    def step(self, text: str) -> None:
        """Show the next step, such as "packing"."""
        self._end_step(done=True)
        self._step, self._start = text, time.monotonic()
        if not self._live:
            self._console.print(Text(f"{text} ..."), soft_wrap=True)
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        detail = TextColumn("{task.fields[detail]}", style="dim", markup=False)
        self._progress = Progress(*columns, detail, console=self._console, transient=True)
        self._progress.start()
        self._task = self._progress.add_task(text, total=None, detail="")

    def output(self, line: str) -> None:
        """Show a line of uv or PyInstaller."""
        if self._verbose:
            self._console.print(Text(line, style="dim"), soft_wrap=True)
        elif self._progress is not None and self._task is not None and line.strip():
            room = max(0, self._console.width - len(self._step) - 20)
            detail = to_one_line(line)
            self._progress.update(self._task, detail=shorten(detail.partition(" INFO: ")[2] or detail, room))

    def _end_step(self, *, done: bool) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            seconds = Text(f"  {time.monotonic() - self._start:.1f} s", style="dim")
            mark = Text("✓ ", style="green") if done else Text("✗ ", style="red")
            self._console.print(mark + Text(self._step) + seconds)
