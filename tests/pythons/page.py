"""Makes docs/evidence/pythons.md from the results of `make pythons`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.pythons import SUPPORTED

PAGE = Path(__file__).parents[2] / "docs" / "evidence" / "pythons.md"
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


def page(results: dict[str, dict[str, Any]]) -> str:
    """Make the page.

    Args:
        results: the results of `make pythons`, by minor version.
    """
    lines = [_INTRODUCTION]
    for version in SUPPORTED:
        result = results.get(version)
        if result is None:
            lines.append(f"| {version} | not tested | | | | |\n")
            continue
        suites = (result[name] for name in ("frozen", "supervised", "unfrozen"))
        cells = (
            f"{suite['tests'] - len(suite['failed']) - suite['skipped']} / {len(suite['failed'])} / {suite['skipped']}"
            for suite in suites
        )
        lines.append(f"| {result['version']} | {result['source']} | {result['libc']} | {' | '.join(cells)} |\n")
    return "".join(lines)
