"""Shows the steps of a build while it goes on: live on a terminal, a line each elsewhere, or not at all."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from dagfloe.cli.show.terminal_text import one_line, shorten

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import TaskID
    from typing_extensions import Self


class BuildView:
    """Is told how a build goes on.

    Args:
        quiet: whether to show nothing.
        verbose: whether to show every line of pip and PyInstaller.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self._verbose = verbose
        # Not what the console takes for a terminal: FORCE_COLOR alone makes no file one.
        self._live = self._console.file.isatty() and os.environ.get("TERM") != "dumb" and not quiet
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._text = ""
        self._began = 0.0

    @property
    def wants_output(self) -> bool:
        """Whether the lines of pip and PyInstaller are of use."""
        return self._verbose or self._live

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end_step(done=kind is None)

    def step(self, text: str) -> None:
        """A step begins."""
        self._end_step(done=True)
        self._text, self._began = text, time.monotonic()
        if not self._live:
            self._console.print(Text(f"{text} ..."), soft_wrap=True)
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        detail = TextColumn("{task.fields[detail]}", style="dim", markup=False)
        self._progress = Progress(*columns, detail, console=self._console, transient=True)
        self._progress.start()
        self._task = self._progress.add_task(text, total=None, detail="")

    def output(self, line: str) -> None:
        """A line of pip or PyInstaller."""
        if self._verbose:
            self._console.print(Text(line, style="dim"), soft_wrap=True)
        elif self._progress is not None and self._task is not None and line.strip():
            room = max(0, self._console.width - len(self._text) - 20)
            said = one_line(line)
            self._progress.update(self._task, detail=shorten(said.partition(" INFO: ")[2] or said, room))

    def _end_step(self, *, done: bool) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            seconds = Text(f"  {time.monotonic() - self._began:.1f} s", style="dim")
            mark = Text("✓ ", style="green") if done else Text("✗ ", style="red")
            self._console.print(mark + Text(self._text) + seconds)
