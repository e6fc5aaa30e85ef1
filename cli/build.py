"""`dagfloe build`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from dagfloe.build.floor import describe_floor
from dagfloe.build.pack import build_bundle
from dagfloe.cli.errors import tell_errors
from dagfloe.runtime.metadata import platform_tag

if TYPE_CHECKING:
    from types import TracebackType

    from rich.status import Status
    from typing_extensions import Self


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Folder for the bundle file.  [default: dist/<os>-<arch>]",
)
@click.option("-v", "--verbose", is_flag=True, help="Show what pip and PyInstaller say.")
@click.option("--one-file", is_flag=True, help="Let the file unpack itself at every start, not once on a host.")
@tell_errors
def build(path: Path, output: Path | None, *, verbose: bool, one_file: bool) -> None:
    """Build the bundle file of the project in the folder PATH.

    \b
    dagfloe build bundles/weather
    dagfloe build bundles/weather --output /opt/airflow/bundles
    """
    with BuildView(Console(stderr=True)) as view:
        built = build_bundle(path, output or Path("dist") / platform_tag(), view, verbose=verbose, one_file=one_file)
    dags = ", ".join(f"{dag_id} ({len(dag['tasks'])} tasks)" for dag_id, dag in built.manifest["dags"].items())
    floor = built.manifest.get("floor")
    host = f", for {describe_floor(floor)}" if floor else ""
    click.echo(f"{built.path}: {built.size / 1e6:.1f} MB, {dags}{host}, built in {built.seconds:.1f} s")


class BuildView:
    """Shows the steps of a build: a spinner on a terminal, a line each elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end_step(done=kind is None)

    def step(self, text: str) -> None:
        """A step begins."""
        self._end_step(done=True)
        self._text = text
        if self._console.is_terminal:
            self._status = self._console.status(Text(text))
            self._status.start()
        else:
            self._console.print(Text(f"{text} ..."), soft_wrap=True)

    def output(self, line: str) -> None:
        """A line of pip or PyInstaller."""
        self._console.print(Text(line, style="dim"), soft_wrap=True)

    def _end_step(self, *, done: bool) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None
            self._console.print(Text("✓ " if done else "✗ ", style="green" if done else "red") + Text(self._text))
