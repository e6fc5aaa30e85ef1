"""Makes docs/evidence/pythons.md from the results of `make pythons`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.pythons import SUPPORTED

PAGE = Path(__file__).parents[2] / "docs" / "evidence" / "pythons.md"
#: The suites in the order of the columns.
_COLUMNS = ("frozen", "supervised", "unfrozen")
_INTRODUCTION = """\
# Pythons

dagfloe supports Python 3.10 to 3.14, for the tool and for the bundle files. `make pythons` installs dagfloe for each of
them, builds bundle files with it, runs the tests below, and writes this page. `make test` builds and runs one bundle
file with the oldest and one with the newest Python of the machine.

- *Frozen*: the tests of bundle files, such as XComs, logs, stops, child processes, answers to a Dag processor, all
  deaths, and every fault of [Reliability](reliability.md).
- *Under Airflow*: the tests of [Conformance](conformance.md), with bundle files of this Python, under the supervisor of
  Airflow 3.3.2. Skipped are those of newer Airflows.
- *Not frozen*: the tests of the packages that a task imports, run by this Python.

Each cell shows how many tests passed, failed and were skipped.

| Python | from | C library | frozen | under Airflow | not frozen |
|---|---|---|---|---|---|
"""
_LEFT_OUT = """
Two kinds of tests are left out, and run with Python 3.11 only: those of builds (messages, checks, dependencies), which
take as long again for each Python, and those of the example `weather`, which shows dependencies as old as pandas 1.5,
for which no newer Python has wheels.
"""


def page(results: dict[str, dict[str, Any]]) -> str:
    """Make the page.

    Args:
        results: the results of `make pythons`, by minor version; a suite that did not run is missing.
    """
    lines = [_INTRODUCTION]
    failures = []
    for version in SUPPORTED:
        result = results.get(version, {})
        cells = " | ".join(_cell(result.get(name)) for name in _COLUMNS)
        names = f"{result['version']} | {result['source']} | {result['libc']}" if result else f"{version} | |"
        lines.append(f"| {names} | {cells} |\n")
        failed = [test for name in _COLUMNS for test in result.get(name, {"failed": []})["failed"]]
        failures += [f"| {result['version']} | `{test}` |\n" for test in failed]
    if failures:
        lines += ["\nThese tests failed:\n\n| Python | test |\n|---|---|\n", *failures]
    return "".join([*lines, _LEFT_OUT])


def _cell(suite: dict[str, Any] | None) -> str:
    if suite is None:
        return "not tested"
    failed = len(suite["failed"])
    return f"{suite['tests'] - failed - suite['skipped']} / {failed} / {suite['skipped']}"
