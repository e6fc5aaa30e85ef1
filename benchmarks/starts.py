"""From the start of a task's process to its end, under the embedded supervisor."""

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


@dataclass(frozen=True, slots=True)
class Contest:
    """The ways to start one task.

    Attributes:
        stack: ends what was made for them.
        scratch: where hosts are made.
        host: where everything but first starts happens.
        plain: the plain script.
        file: the bundle file.
        store: what the task can ask for.
        task: the ids of its Dag and its own.
        figure: checks what it did, and gives the milliseconds that it took.
        writes: what warm starts changed.
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
        """The plain script."""
        needed = {name: value for name, value in self.plain.env.items() if name.startswith("PYTHON")}
        return self.figure(run(self.plain.argv, {**self.host.env, **needed}, self.store, self.task))

    def program(self, *command: str) -> float:
        """Any other program."""
        return self.figure(run(command, self.host.env, self.store, self.task))

    def warm(self) -> float:
        """The bundle file, with a look at everything that it could have changed."""
        before, written = self.host.snapshot(), written_bytes()
        result = run([str(self.file)], self.host.env, self.store, self.task)
        self.writes.written.append(written_bytes() - written)
        self.writes.changed.append(len({path for path, _ in before.items() ^ self.host.snapshot().items()}))
        return self.figure(result)

    def first(self) -> float:
        """The bundle file on a host that has never seen it; the file itself is in the page cache."""
        host = self.stack.enter_context(new_host(self.scratch))
        return self.figure(run([str(self.file)], host.env, self.store, self.task))


def measure(files: Files, small_rounds: int, weather_rounds: int) -> list[Table]:
    """Both tasks.

    First starts are measured before anything else, and their hosts deleted after everything else: where ext4 has just
    deleted many files, as one-file forms do at each end, it makes new ones several times slower.
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
    """The small task."""
    store = Store()
    store.set_variable("name", "world")
    host = stack.enter_context(new_host(files.scratch))
    plain = stack.enter_context(prepare_project(files.small_project, print))
    writes = Writes.from_first_start(lambda: run([str(files.small)], host.env, store, SMALL))
    return Contest(stack, files.scratch, host, plain, files.small, store, SMALL, checked, writes)


def weather_contest(files: Files, stack: ExitStack) -> Contest:
    """`aggregate` of the weather example; what it aggregates was extracted before."""
    store = Store()
    host = stack.enter_context(new_host(files.scratch))
    plain = stack.enter_context(prepare_project(files.weather_project, print))
    writes = Writes.from_first_start(lambda: run([str(files.weather)], host.env, store, ("weather", "extract")))
    return Contest(stack, files.scratch, host, plain, files.weather, store, AGGREGATE, milliseconds, writes)


def small_table(files: Files, contest: Contest, first: dict[str, list[float]], rounds: int) -> Table:
    """The small task, in all ways."""
    figures = alternate(
        {
            PLAIN: contest.script,
            "bare protocol script, without dagfloe": lambda: contest.program(contest.plain.argv[0], str(FLOOR)),
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
    """The task with pandas, in all ways."""
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
    """First starts, beside the plain scripts of the same rounds."""
    return Row(COLD, "ms", Spread.of(first[COLD]), ratios(first[COLD], first[PLAIN]))


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
