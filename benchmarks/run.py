"""Runs all measurements, prints them with their limits, and writes the results, the page and the picture.

`make bench` runs all rounds and publishes the results. `make bench-quick` runs a few rounds and only prints them. The
exit status is 1 if a measurement failed or a limit is not met. `--render` writes the page and the picture from the
published results, without measuring.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from benchmarks import (
    airflow_starts,
    builds,
    imports,
    load,
    lookups,
    machine,
    masking,
    page,
    parses,
    plot,
    starts,
    throughput,
)
from benchmarks.files import Files
from benchmarks.report import Report, Table, as_text, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Subject = tuple[str, "Callable[[], Sequence[Table]]"]


def subjects(files: Files, *, quick: bool) -> list[Subject]:
    """All measurements, by name."""

    def rounds(full: int, few: int) -> int:
        return few if quick else full

    # Measurements that delete many files come after the first starts of bundle files, which they would slow.
    return [
        ("imports", lambda: [imports.measure(rounds(61, 15))]),
        ("calls and records", lambda: [throughput.measure(rounds(7, 3), quick=quick)]),
        ("masking", lambda: [masking.measure(rounds(7, 3))]),
        ("large XComs", lambda: [load.xcoms(files, rounds(7, 2))]),
        ("soak", lambda: [load.soak(files, rounds(120, 10))]),
        ("starts", lambda: starts.measure(files, rounds(41, 9), rounds(15, 5))),
        ("parses", lambda: [parses.measure(files, rounds(41, 9))]),
        ("lookups", lambda: [lookups.measure(files, rounds(9, 3))]),
        ("Airflow", lambda: airflow_starts.measure(files, rounds(11, 3))),
        ("mapped instances", lambda: [load.mapped(files, rounds(1000, 100))]),
        ("builds", lambda: [builds.builds(files, "small task", files.small_project, rounds(3, 1))]),
        ("sizes", lambda: [builds.sizes(files)]),
        *(
            []
            if quick
            else [("builds with pandas", lambda: [builds.builds(files, "pandas task", files.weather_project, 2)])]
        ),
    ]


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="run only a few rounds")
    parser.add_argument(
        "--publish", action="store_true", help="write benchmarks/results.json, the page and the picture"
    )
    parser.add_argument("--only", help="run measurements whose names contain this; they cannot be published")
    parser.add_argument("--render", action="store_true", help="write page and picture from benchmarks/results.json")
    options = parser.parse_args()
    if options.only and options.publish:
        parser.error("--only runs a part of the measurements, which cannot be published")
    files = Files()
    if options.render:
        render(Report.from_json(json.loads(files.results.read_text("utf-8"))), files)
        return 0
    files.scratch.mkdir(parents=True, exist_ok=True)
    tables: list[Table] = []
    failures: dict[str, str] = {}
    for name, measure in subjects(files, quick=options.quick):
        if options.only and options.only not in name:
            continue
        start = time.monotonic()
        print(f"-- {name}", file=sys.stderr, flush=True)
        try:
            results = measure()
        except Exception as error:  # noqa: BLE001 - the other measurements continue
            failures[name] = f"{type(error).__name__}: {error}"
            print(f"failed: {name}: {failures[name]}")
            continue
        for table in results:
            print("\n".join(as_text(table)), end="\n\n", flush=True)
        tables += results
        print(f"   {time.monotonic() - start:.0f} s", file=sys.stderr)
    tables.sort(key=lambda table: not table.chart)  # tables with a chart come first
    report = Report(machine.describe_machine(files), options.quick, tuple(tables), failures)
    for limit in report.limits:
        if not limit.is_met:
            print(f"NOT met: {limit.what}: {number(limit.value.median)}, limit {limit.condition}")
    write(report, files, publish=options.publish)
    return 0 if report.is_good else 1


def write(report: Report, files: Files, *, publish: bool) -> None:
    """Write the results; publish them if no measurement failed."""
    text = json.dumps(report.to_json(), indent=1) + "\n"
    (files.cache / "results.json").write_text(text, "utf-8")
    if publish and report.failures:
        print("not published, because a measurement failed")
    elif publish:
        files.results.write_text(text, "utf-8")
        render(report, files)


def render(report: Report, files: Files) -> None:
    """Write the page and the picture of a report."""
    files.page.write_text(page.render(report), "utf-8")
    files.plot.write_text(plot.render(report), "utf-8")
    print(f"written: {files.page.name}, {files.plot.name}")


if __name__ == "__main__":
    raise SystemExit(main())
