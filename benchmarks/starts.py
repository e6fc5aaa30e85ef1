"""Measures tasks from the start of their process to its end, under the embedded supervisor."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.host import Host, new_host, run, written_bytes
from benchmarks.report import Limit, Row, Table, rows_of
from benchmarks.samples import Spread, alternate, ratios
from dagfloe.build.unfrozen_program import LaunchCommand, prepare_project
from dagfloe.local.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.files import Files
    from dagfloe.local.supervise.task_result import TaskResult

BARE_SCRIPT = Path(__file__).with_name("bare_script.py")
PLAIN = "plain script"
WARM = "bundle file, warm"
COLD = "bundle file, first start on a host"
STOCK = "PyInstaller's own one-file form"
SMALL, AGGREGATE = ("small", "work"), ("weather", "aggregate")


@dataclass(slots=True)
class Writes:
    """The changes that starts of a bundle file make to the file system.

    Attributes:
        first: the bytes that the first start on the host wrote to disks.
        written: the bytes that every later start wrote.
        changed: the number of files and folders that every later start created, removed or changed.
    """

    first: float
    written: list[float] = field(default_factory=list)
    changed: list[float] = field(default_factory=list)

    @classmethod
    def from_first_start(cls, start: Callable[[], object]) -> Writes:
        """Measure the first start."""
        before = written_bytes()
        start()
        return cls(written_bytes() - before)

    def rows(self) -> tuple[Row, ...]:
        """The rows for a table."""
        return (
            Row("bytes written by the first start on a host", "B", Spread.of([self.first])),
            Row("bytes written by a warm start", "B", Spread.of(self.written)),
            Row("files and folders changed by a warm start", "", Spread.of(self.changed)),
        )

    def limits(self, what: str) -> tuple[Limit, ...]:
        """No warm start may write. The first start must write, or the kernel does not count writes here."""
        return (
            Limit(f"{what}: bytes written by the first start", Spread.of([self.first]), 1, at_most=False),
            Limit(f"{what}: bytes written by any warm start", Spread.of([max(self.written)]), 0),
            Limit(f"{what}: files and folders changed by any warm start", Spread.of([max(self.changed)]), 0),
        )


@dataclass(frozen=True, slots=True)
class Contest:
    """The contestants that start one task.

    Attributes:
        stack: removes the hosts in the end.
        scratch: the folder of the hosts.
        host: the host of all starts that are not first starts.
        plain: the command of the plain script.
        file: the bundle file.
        store: the variables and XComs of Airflow.
        task: its dag_id and task_id.
        figure: checks a result, and returns the milliseconds that the task took.
        writes: the changes of warm starts.
    """

    stack: ExitStack
    scratch: Path
    host: Host
    plain: LaunchCommand
    file: Path
    store: Store
    task: tuple[str, str]
    figure: Callable[[TaskResult], float]
    writes: Writes

    def script(self) -> float:
        """Run the plain script."""
        python = {name: value for name, value in self.plain.env.items() if name.startswith("PYTHON")}
        return self.figure(run(self.plain.argv, {**self.host.env, **python}, self.store, self.task))

    def program(self, *command: str) -> float:
        """Run another program."""
        return self.figure(run(command, self.host.env, self.store, self.task))

    def warm(self) -> float:
        """Run the bundle file on a host that has it unpacked, and record its writes."""
        before, written = self.host.snapshot(), written_bytes()
        result = run([str(self.file)], self.host.env, self.store, self.task)
        self.writes.written.append(written_bytes() - written)
        self.writes.changed.append(len({path for path, _ in before.items() ^ self.host.snapshot().items()}))
        return self.figure(result)

    def first(self) -> float:
        """Run the bundle file on a new host. The file itself is in the page cache."""
        host = self.stack.enter_context(new_host(self.scratch))
        return self.figure(run([str(self.file)], host.env, self.store, self.task))


def measure(files: Files, small_rounds: int, weather_rounds: int) -> list[Table]:
    """Measure both tasks.

    The first starts come before all others, and their hosts are deleted at the end. After ext4 has deleted many files,
    as the one-file forms do when they end, it creates new files several times slower.
    """
    with ExitStack() as stack:
        small, weather = small_contest(files, stack), weather_contest(files, stack)
        small_first = alternate({PLAIN: small.script, COLD: small.first}, small_rounds)
        weather_first = alternate({PLAIN: weather.script, COLD: weather.first}, weather_rounds)
        return [
            small_table(files, small, small_first, small_rounds),
            weather_table(files, weather, weather_first, weather_rounds),
        ]


def small_contest(files: Files, stack: ExitStack) -> Contest:
    """The contestants for the small task."""
    store = Store()
    store.set_variable("name", "world")
    host = stack.enter_context(new_host(files.scratch))
    plain = stack.enter_context(prepare_project(files.small_project, print))
    writes = Writes.from_first_start(lambda: run([str(files.small)], host.env, store, SMALL))
    return Contest(stack, files.scratch, host, plain, files.small, store, SMALL, checked, writes)


def weather_contest(files: Files, stack: ExitStack) -> Contest:
    """The contestants for the task `aggregate` of the weather example, after its task `extract`."""
    store = Store()
    host = stack.enter_context(new_host(files.scratch))
    plain = stack.enter_context(prepare_project(files.weather_project, print))
    writes = Writes.from_first_start(lambda: run([str(files.weather)], host.env, store, ("weather", "extract")))
    return Contest(stack, files.scratch, host, plain, files.weather, store, AGGREGATE, milliseconds, writes)


def small_table(files: Files, contest: Contest, first: dict[str, list[float]], rounds: int) -> Table:
    """Measure the small task."""
    figures = alternate(
        {
            PLAIN: contest.script,
            "bare protocol script, without dagfloe": lambda: contest.program(contest.plain.argv[0], str(BARE_SCRIPT)),
            WARM: contest.warm,
            STOCK: lambda: contest.program(str(files.small_stock)),
            "dagfloe's one-file form": lambda: contest.program(str(files.small_one_file)),
        },
        rounds,
    )
    return Table(
        "Start of a small task",
        "From the start of the process to its end: the task imports its modules, reads one variable, writes ten log "
        "records and pushes one XCom. The plain script is the same task with the same runtime, compiled, in the "
        "bundle's virtualenv. The first starts were measured before the others, in turns with their own runs of the "
        "plain script.",
        (*rows_of("ms", figures), first_row(first), *contest.writes.rows()),
        (
            Limit("small task, warm / plain script", ratios(figures[WARM], figures[PLAIN]), 1.9),
            Limit("small task, warm / PyInstaller's one-file form", ratios(figures[WARM], figures[STOCK]), 0.3),
            *contest.writes.limits("small task"),
        ),
        chart=True,
    )


def weather_table(files: Files, contest: Contest, first: dict[str, list[float]], rounds: int) -> Table:
    """Measure the task with pandas."""
    figures = alternate(
        {PLAIN: contest.script, WARM: contest.warm, STOCK: lambda: contest.program(str(files.weather_stock))}, rounds
    )
    return Table(
        "Start of a task with pandas",
        "The task `aggregate` of the weather example imports pandas and groups 1,461 days by month.",
        (*rows_of("ms", figures), first_row(first), *contest.writes.rows()),
        (
            Limit("pandas task, warm / plain script", ratios(figures[WARM], figures[PLAIN]), 1.15),
            Limit("pandas task, first start / plain script", ratios(first[COLD], first[PLAIN]), 2.5),
            *contest.writes.limits("pandas task"),
        ),
        chart=True,
    )


def first_row(first: dict[str, list[float]]) -> Row:
    """The first starts, with their ratios to the plain scripts of the same rounds."""
    return Row(COLD, "ms", Spread.of(first[COLD]), ratios(first[COLD], first[PLAIN]))


def checked(result: TaskResult) -> float:
    """Check the work of the small task. Returns the milliseconds."""
    kinds = [request["type"] for request in result.requests]
    records = sum(record.event.endswith(" for world") for record in result.records)
    if kinds != ["GetVariable", "SetXCom", "SucceedTask"] or records != 10:
        raise RuntimeError(f"it did not do the small task: {kinds}, {records} records")
    return milliseconds(result)


def milliseconds(result: TaskResult) -> float:
    """The milliseconds that a task took."""
    return result.seconds * 1000
