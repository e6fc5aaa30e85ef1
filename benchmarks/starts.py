"""From the start of a task's process to its end, under the embedded supervisor."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.host import Host, new_host, run, written_bytes
from benchmarks.report import Limit, Row, Table, rows_of
from benchmarks.samples import Spread, alternate, ratios

from dagfloe.build.launch import LaunchCommand, prepare_project
from dagfloe.local.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.files import Files

    from dagfloe.local.task import TaskResult

FLOOR = Path(__file__).with_name("floor.py")
PLAIN = "plain script"
WARM = "bundle file, warm"
COLD = "bundle file, first start on a host"
STOCK = "PyInstaller's own one-file form"
SMALL, AGGREGATE = ("small", "work"), ("weather", "aggregate")


@dataclass(slots=True)
class Writes:
    """What starts of a bundle file changed in the file system.

    Attributes:
        first: the bytes that its first start on the host gave to disks.
        written: the same of each later one.
        changed: the entries of the host's folders that each later one made, removed or changed.
    """

    first: float
    written: list[float] = field(default_factory=list)
    changed: list[float] = field(default_factory=list)

    @classmethod
    def from_first_start(cls, start: Callable[[], object]) -> Writes:
        """Start it for the first time."""
        before = written_bytes()
        start()
        return cls(written_bytes() - before)

    def rows(self) -> tuple[Row, ...]:
        """For a table."""
        return (
            Row("bytes written by the first start on a host", "B", Spread.of([self.first])),
            Row("bytes written by a warm start", "B", Spread.of(self.written)),
            Row("files and folders changed by a warm start", "", Spread.of(self.changed)),
        )

    def limits(self, what: str) -> tuple[Limit, ...]:
        """Not a single start may write; the first one must have, or else the counter does not count here."""
        return (
            Limit(f"{what}: bytes written by the first start", Spread.of([self.first]), 1, at_most=False),
            Limit(f"{what}: bytes written by any warm start", Spread.of([max(self.written)]), 0),
            Limit(f"{what}: files and folders changed by any warm start", Spread.of([max(self.changed)]), 0),
        )


def small(files: Files, rounds: int) -> Table:
    """The small task."""
    store = Store()
    store.set_variable("name", "world")
    with ExitStack() as stack:
        host = stack.enter_context(new_host(files.scratch))
        plain = stack.enter_context(prepare_project(files.small_project, print))
        floor = [plain.argv[0], str(FLOOR)]
        writes = Writes.from_first_start(lambda: run([str(files.small)], host.env, store, SMALL))
        figures = alternate(
            {
                PLAIN: lambda: checked(run(plain.argv, plain_env(plain, host), store, SMALL)),
                "bare protocol script, without dagfloe": lambda: checked(run(floor, host.env, store, SMALL)),
                WARM: lambda: checked(watched(files.small, host, store, SMALL, writes)),
                COLD: lambda: checked(cold(files.small, stack, files.scratch, store, SMALL)),
                STOCK: lambda: checked(run([str(files.small_stock)], host.env, store, SMALL)),
                "dagfloe's one-file form": lambda: checked(run([str(files.small_one_file)], host.env, store, SMALL)),
            },
            rounds,
        )
    return Table(
        "Start of a small task",
        "From the start of the process to its end: imports, one variable read, ten records written, one XCom pushed. "
        "The plain script is the same task with the same runtime, compiled, in the bundle's virtualenv.",
        (*rows_of("ms", figures), *writes.rows()),
        (
            Limit("small task, warm / plain script", ratios(figures[WARM], figures[PLAIN]), 1.9),
            Limit("small task, warm / PyInstaller's one-file form", ratios(figures[WARM], figures[STOCK]), 0.3),
            *writes.limits("small task"),
        ),
        chart=True,
    )


def weather(files: Files, rounds: int) -> Table:
    """A task with pandas: `aggregate` of the weather example."""
    store = Store()
    with ExitStack() as stack:
        host = stack.enter_context(new_host(files.scratch))
        plain = stack.enter_context(prepare_project(files.weather_project, print))
        writes = Writes.from_first_start(lambda: run([str(files.weather)], host.env, store, ("weather", "extract")))
        figures = alternate(
            {
                PLAIN: lambda: milliseconds(run(plain.argv, plain_env(plain, host), store, AGGREGATE)),
                WARM: lambda: milliseconds(watched(files.weather, host, store, AGGREGATE, writes)),
                COLD: lambda: milliseconds(cold(files.weather, stack, files.scratch, store, AGGREGATE)),
                STOCK: lambda: milliseconds(run([str(files.weather_stock)], host.env, store, AGGREGATE)),
            },
            rounds,
        )
    return Table(
        "Start of a task with pandas",
        "`aggregate` of the weather example: imports pandas, groups 1,461 days by month.",
        (*rows_of("ms", figures), *writes.rows()),
        (
            Limit("pandas task, warm / plain script", ratios(figures[WARM], figures[PLAIN]), 1.15),
            Limit("pandas task, first start / plain script", ratios(figures[COLD], figures[PLAIN]), 2.5),
            *writes.limits("pandas task"),
        ),
        chart=True,
    )


def plain_env(plain: LaunchCommand, host: Host) -> dict[str, str]:
    """The environment of a plain script: the host's, with what its imports need."""
    needed = {name: value for name, value in plain.env.items() if name.startswith("PYTHON")}
    return {**host.env, **needed}


def watched(file: Path, host: Host, store: Store, task: tuple[str, str], writes: Writes) -> TaskResult:
    """A start of a bundle file, with a look at everything that it could have changed."""
    before, written = host.snapshot(), written_bytes()
    result = run([str(file)], host.env, store, task)
    writes.written.append(written_bytes() - written)
    writes.changed.append(len({path for path, _ in before.items() ^ host.snapshot().items()}))
    return result


def cold(file: Path, stack: ExitStack, scratch: Path, store: Store, task: tuple[str, str]) -> TaskResult:
    """A start of a bundle file on a host that has never seen it; the file itself is in the page cache.

    The host is deleted when the stack closes: ext4 looks long for inodes after many were deleted.
    """
    host = stack.enter_context(new_host(scratch))
    return run([str(file)], host.env, store, task)


def checked(result: TaskResult) -> float:
    """The milliseconds of the small task, which did all that it should."""
    kinds = [request["type"] for request in result.requests]
    records = sum(record.event.endswith(" for world") for record in result.records)
    if kinds != ["GetVariable", "SetXCom", "SucceedTask"] or records != 10:
        raise RuntimeError(f"it did not do the small task: {kinds}, {records} records")
    return milliseconds(result)


def milliseconds(result: TaskResult) -> float:
    """How long a task took."""
    return result.seconds * 1000
