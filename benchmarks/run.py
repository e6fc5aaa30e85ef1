"""Measures everything side by side, prints it with its limits, and writes results, page and plot.

`make bench` runs all rounds and publishes them; `make bench-quick` runs few and only prints them. The exit status is 1
when something could not be measured or a limit is not met.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from benchmarks import builds, facts, imports, load, page, plot, starts, supervised, traffic
from benchmarks.files import Files
from benchmarks.report import Report, Table, as_text, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Subject = tuple[str, "Callable[[], Sequence[Table]]"]


def subjects(files: Files, *, quick: bool) -> list[Subject]:
    """What is measured, and how often."""

    def rounds(full: int, few: int) -> int:
        return few if quick else full

    # What deletes many files comes after the first starts of bundle files.
    return [
        ("imports", lambda: [imports.measure(rounds(61, 15))]),
        ("calls and records", lambda: [traffic.measure(rounds(7, 3), quick=quick)]),
        ("large XComs", lambda: [load.xcoms(files, rounds(7, 2))]),
        ("soak", lambda: [load.soak(files, rounds(120, 10))]),
        ("starts", lambda: starts.measure(files, rounds(41, 9), rounds(15, 5))),
        ("Airflow", lambda: supervised.airflow(files, rounds(11, 3))),
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
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--publish", action="store_true", help="write benchmarks/results.json, page and plot")
    parser.add_argument("--only", help="measure subjects whose names contain this; they are not published")
    given = parser.parse_args()
    if given.only and given.publish:
        parser.error("--only measures a part, which cannot be published")
    files = Files()
    files.scratch.mkdir(parents=True, exist_ok=True)
    tables: list[Table] = []
    failures: dict[str, str] = {}
    for name, measure in subjects(files, quick=given.quick):
        if given.only and given.only not in name:
            continue
        began = time.monotonic()
        print(f"-- {name}", file=sys.stderr, flush=True)
        try:
            measured = measure()
        except Exception as error:  # noqa: BLE001 - the other subjects are still worth having
            failures[name] = f"{type(error).__name__}: {error}"
            print(f"NOT measured: {name}: {failures[name]}")
            continue
        for table in measured:
            print("\n".join(as_text(table)), end="\n\n", flush=True)
        tables += measured
        print(f"   {time.monotonic() - began:.0f} s", file=sys.stderr)
    tables.sort(key=lambda table: not table.chart)  # what is drawn comes first
    report = Report(facts.machine(files), given.quick, tuple(tables), failures)
    for limit in report.limits:
        if not limit.is_met:
            print(f"NOT met: {limit.what}: {number(limit.value.median)}, {limit.wanted} is wanted")
    write(report, files, publish=given.publish)
    return 0 if report.is_good else 1


def write(report: Report, files: Files, *, publish: bool) -> None:
    """Write the results, and publish those that are whole."""
    text = json.dumps(report.to_json(), indent=1) + "\n"
    (files.cache / "results.json").write_text(text, "utf-8")
    if publish and report.failures:
        print("not published, because something could not be measured")
    elif publish:
        files.results.write_text(text, "utf-8")
        files.page.write_text(page.render(report), "utf-8")
        files.plot.write_text(plot.render(report), "utf-8")
        print(f"written: {', '.join(path.name for path in (files.results, files.page, files.plot))}")


if __name__ == "__main__":
    raise SystemExit(main())
