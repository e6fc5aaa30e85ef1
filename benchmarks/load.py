"""Measures a large XCom, many log records and many mapped task instances under the embedded supervisor."""

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
#: How much more memory the process may have at the end than at the start.
GROWTH_LIMIT_MB = 1.0


def xcoms(files: Files, rounds: int) -> Table:
    """Push and pull a string of 50 MB."""
    store = Store()
    store.set_variable("bytes", str(XCOM_BYTES))
    growth: dict[str, list[float]] = {"push": [], "pull": []}
    with new_host(files.scratch) as host:

        def transfer(task_id: str) -> float:
            run([str(files.heavy)], host.env, store, ("heavy", task_id))
            result: dict[str, Any] = store.return_value("heavy", "bench", task_id)
            if result.get("bytes", XCOM_BYTES) != XCOM_BYTES:
                raise RuntimeError(f"{task_id} had another XCom: {result}")
            growth[task_id].append(result["growth"] / XCOM_BYTES)
            return float(result["seconds"] * 1000)

        figures = alternate({"up": lambda: transfer("push"), "down": lambda: transfer("pull")}, rounds)
    rates = {name: [XCOM_BYTES / 1000 / milliseconds for milliseconds in values] for name, values in figures.items()}
    return Table(
        "XCom of 50 MB",
        "One string, from the call to its answer. Memory is the peak increase of the task's process over its memory "
        "before it had the value. The value itself counts as 1.",
        (
            *(Row(name, "ms", Spread.of(values)) for name, values in figures.items()),
            *(Row(name, "MB/s", Spread.of(values)) for name, values in rates.items()),
        ),
        (
            Limit("memory for an XCom going up, in XComs", Spread.of(growth["push"]), MEMORY_LIMIT),
            Limit("memory for an XCom coming down, in XComs", Spread.of(growth["pull"]), MEMORY_LIMIT),
        ),
    )


def soak(files: Files, seconds: int) -> Table:
    """Write records without a pause for a number of seconds."""
    store = Store()
    store.set_variable("seconds", str(seconds))
    with new_host(files.scratch) as host:
        task_result = run([str(files.heavy)], host.env, store, ("heavy", "soak"))
    result: dict[str, Any] = store.return_value("heavy", "bench", "soak")
    last = task_result.records[-1].event
    if last != f"record {result['records'] - 1} of many":
        raise RuntimeError(f"the last of {result['records']} records is missing; the last one is {last}")
    # The first tenth does not count: the process still makes its permanent allocations.
    resident = [size / 1e6 for size in result["resident"]]
    resident = resident[len(resident) // 10 :]
    part = len(resident) // 4
    first, last_part = resident[:part], resident[-part:]
    rate = Spread.of([result["records"] / seconds])
    growth = Spread.of([statistics.median(last_part) - statistics.median(first)])
    return Table(
        f"Records for {seconds} s",
        "The task writes as many records as the supervisor accepts. The memory is that of the task's process.",
        (
            Row("records", "a second", rate),
            Row("memory in the first quarter", "MB", Spread.of(first)),
            Row("memory in the last quarter", "MB", Spread.of(last_part)),
        ),
        (
            Limit("records a second", rate, RATE_LIMIT, at_most=False),
            Limit("growth of memory, in MB", growth, GROWTH_LIMIT_MB),
        ),
    )


def mapped(files: Files, count: int) -> Table:
    """Run the instances of a mapped task one after the other, every one in its own process."""
    store = Store()
    store.set_variable("name", "world")
    with new_host(files.scratch) as host:
        run([str(files.small)], host.env, store, SMALL)
        before = host.snapshot()
        start = time.monotonic()
        durations = [
            run([str(files.small)], host.env, store, SMALL, map_index=index).seconds * 1000 for index in range(count)
        ]
        total = time.monotonic() - start
        changed = {path for path, _ in before.items() ^ host.snapshot().items()}
    pushed = sum(store.return_value(SMALL[0], "bench", SMALL[1], index) is not None for index in range(count))
    if pushed != count:
        raise RuntimeError(f"{pushed} of {count} instances pushed their XCom")
    tenth = count // 10
    return Table(
        f"{count:,} mapped task instances in a row",
        "The small task, warm; each instance runs in its own process.",
        (
            Row("all", "s", Spread.of([total])),
            Row("one", "ms", Spread.of(durations)),
            Row("one, 99 of 100 are quicker", "ms", Spread.of([statistics.quantiles(durations, n=100)[98]])),
            *rows_of("ms", {f"the first {tenth}": durations[:tenth], f"the last {tenth}": durations[-tenth:]}),
        ),
        (Limit("files and folders left behind or changed", Spread.of([len(changed)]), 0),),
    )
