"""Calls and log records of a running task, beside the least that Python could do for the same."""

from __future__ import annotations

from benchmarks import hot_path
from benchmarks.report import Limit, Table, rows_of
from benchmarks.samples import alternate, ratios

CALLS, RECORDS = 10_000, 200_000


def measure(rounds: int, *, quick: bool) -> Table:
    """Rates; a socket that only echoes and a file that only takes JSON are what they are compared with."""
    calls, records = (CALLS // 4, RECORDS // 10) if quick else (CALLS, RECORDS)
    answered = alternate(
        {"bare socket ping-pong": lambda: hot_path.ping_pong(calls), "client calls": lambda: hot_path.calls(calls)},
        rounds,
    )
    written = alternate(
        {
            "logging, JSON to a file": lambda: hot_path.file_records(records),
            "logging, to the supervisor": lambda: hot_path.our_records(records),
        },
        rounds,
    )
    bare, client = answered.values()
    file, ours = written.values()
    return Table(
        "Calls and log records",
        f"{calls:,} calls, {records:,} records in each run. A ratio compares with the row above.",
        (*rows_of("a second", answered), *rows_of("a second", written)),
        (
            Limit("client calls / bare ping-pong", ratios(client, bare), hot_path.CALLS_LIMIT, at_most=False),
            Limit("log records / JSON to a file", ratios(ours, file), hot_path.LOGS_LIMIT, at_most=False),
        ),
    )
