"""A large XCom, very many log records, and very many mapped task instances, each under the embedded supervisor."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

from benchmarks.host import new_host, run
from benchmarks.report import Limit, Row, Table, rows_of
from benchmarks.samples import Spread, alternate
from benchmarks.starts import SMALL
from dagfloe.local.store.store import Store

if TYPE_CHECKING:
    from benchmarks.files import Files

XCOM_BYTES = 50_000_000
MEMORY_LIMIT = 3.0
RATE_LIMIT = 1000.0
#: What the allocator may hold more at the end than at the beginning, in MB.
GROWTH_LIMIT = 1.0


def xcoms(files: Files, rounds: int) -> Table:
    """A text of 50 MB, up and down."""
    store = Store()
    store.set_variable("bytes", str(XCOM_BYTES))
    growth: dict[str, list[float]] = {"push": [], "pull": []}
    with new_host(files.scratch) as host:

        def transfer(task_id: str) -> float:
            run([str(files.heavy)], host.env, store, ("heavy", task_id))
            told: dict[str, Any] = store.return_value("heavy", "bench", task_id)
            if told.get("bytes", XCOM_BYTES) != XCOM_BYTES:
                raise RuntimeError(f"{task_id} had another XCom: {told}")
            growth[task_id].append(told["growth"] / XCOM_BYTES)
            return float(told["seconds"] * 1000)

        figures = alternate({"up": lambda: transfer("push"), "down": lambda: transfer("pull")}, rounds)
    rates = {way: [XCOM_BYTES / 1000 / each for each in milliseconds] for way, milliseconds in figures.items()}
    return Table(
        "XCom of 50 MB",
        "One string, from the call to its answer. Memory is the peak increase of the task's process over its memory "
        "before it had the value. The value itself counts as 1.",
        (
            *(Row(way, "ms", Spread.of(values)) for way, values in figures.items()),
            *(Row(way, "MB/s", Spread.of(values)) for way, values in rates.items()),
        ),
        (
            Limit("memory for an XCom going up, in XComs", Spread.of(growth["push"]), MEMORY_LIMIT),
            Limit("memory for an XCom coming down, in XComs", Spread.of(growth["pull"]), MEMORY_LIMIT),
        ),
    )


def soak(files: Files, seconds: int) -> Table:
    """Records without a pause, for as long as is given."""
    store = Store()
    store.set_variable("seconds", str(seconds))
    with new_host(files.scratch) as host:
        result = run([str(files.heavy)], host.env, store, ("heavy", "soak"))
    told: dict[str, Any] = store.return_value("heavy", "bench", "soak")
    last = result.records[-1].event
    if last != f"record {told['records'] - 1} of many":
        raise RuntimeError(f"the last of {told['records']} records did not come: {last}")
    # The first tenth is left out: until then, what is allocated once is.
    resident = [size / 1e6 for size in told["resident"]]
    resident = resident[len(resident) // 10 :]
    part = len(resident) // 4
    first, end = resident[:part], resident[-part:]
    rate = Spread.of([told["records"] / seconds])
    grown = Spread.of([statistics.median(end) - statistics.median(first)])
    return Table(
        f"Records for {seconds} s",
        "The task writes as many records as the supervisor accepts. The memory is that of the task's process.",
        (
            Row("records", "a second", rate),
            Row("memory in the first quarter", "MB", Spread.of(first)),
            Row("memory in the last quarter", "MB", Spread.of(end)),
        ),
        (
            Limit("records a second", rate, RATE_LIMIT, at_most=False),
            Limit("growth of memory, in MB", grown, GROWTH_LIMIT),
        ),
    )


def mapped(files: Files, count: int) -> Table:
    """Instances of a mapped task, one after the other, each in a process of its own."""
    store = Store()
    store.set_variable("name", "world")
    with new_host(files.scratch) as host:
        run([str(files.small)], host.env, store, SMALL)
        before = host.snapshot()
        began = time.monotonic()
        # A process that is left behind is an error of the run.
        each = [
            run([str(files.small)], host.env, store, SMALL, map_index=index).seconds * 1000 for index in range(count)
        ]
        total = time.monotonic() - began
        left = {path for path, _ in before.items() ^ host.snapshot().items()}
    done = sum(store.return_value(SMALL[0], "bench", SMALL[1], index) is not None for index in range(count))
    if done != count:
        raise RuntimeError(f"{done} of {count} instances pushed their XCom")
    tenth = count // 10
    return Table(
        f"{count:,} mapped task instances in a row",
        "The small task, warm; each instance runs in its own process.",
        (
            Row("all", "s", Spread.of([total])),
            Row("one", "ms", Spread.of(each)),
            Row("one, 99 of 100 are quicker", "ms", Spread.of([statistics.quantiles(each, n=100)[98]])),
            *rows_of("ms", {f"the first {tenth}": each[:tenth], f"the last {tenth}": each[-tenth:]}),
        ),
        (Limit("files and folders left behind or changed", Spread.of([len(left)]), 0),),
    )
