"""Runs the rows of the table of distributions, and writes docs/evidence/packages.md: `make packages`.

A row whose files and whose dagfloe did not change since its last run is not run again, unless `--force` asks for it.
The exit status is 1 if a row that was selected has an outcome that is not allowed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.build.freshness import _digest_tool
from packages import page
from packages.result import ALLOWED, Result, read_result, write_result
from packages.row import read_rows
from packages.trial import Trial

if TYPE_CHECKING:
    from packages.row import Row

WORK = Path(__file__).parents[2] / ".cache" / "packages"


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names of rows, separated by commas")
    parser.add_argument("--quick", action="store_true", help="run the rows that are quick, and write no page")
    parser.add_argument("--force", action="store_true", help="run rows that did not change")
    parser.add_argument("--unfrozen", action="store_true", help="run the projects only; write no results")
    parser.add_argument("--jobs", type=int, default=1, help="rows to run at once, which makes starts slower")
    parser.add_argument("--keep", action="store_true", help="keep the work folders, below .cache/packages")
    parser.add_argument("--render", action="store_true", help="write the page from the results, and run nothing")
    options = parser.parse_args()
    rows = read_rows()
    names = set(filter(None, options.only.split(",")))
    if unknown := names - {row.name for row in rows}:
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    selected = [row for row in rows if row.name in names or (not names and (row.is_quick or not options.quick))]
    bad = [] if options.render else _run_all(selected, options)
    if not options.quick and not options.unfrozen:
        page.PAGE.write_text(page.page(rows), "utf-8")
    if bad:
        sys.stdout.write(f"not as they should be: {', '.join(bad)}\n")
    return bool(bad)


def _run_all(rows: list[Row], options: argparse.Namespace) -> list[str]:
    """Run rows; return the names of those whose outcome is not allowed."""
    if options.jobs == 1:
        return [row.name for row in rows if not _run(row, options)]
    with ProcessPoolExecutor(options.jobs) as pool:
        allowed = pool.map(partial(_run, options=options), rows)
        return [row.name for row, is_allowed in zip(rows, allowed, strict=True) if not is_allowed]


def _run(row: Row, options: argparse.Namespace) -> bool:
    """Run a row, unless its result still holds; return whether its outcome is allowed."""
    result = read_result(row.name)
    if options.force or options.unfrozen or result is None or not _is_current(row, result):
        began = time.monotonic()
        work = WORK / row.name
        result = Trial(row, work).run(unfrozen_only=options.unfrozen)
        seconds = time.monotonic() - began
        if not options.unfrozen and not options.quick:
            write_result(row.name, result)
        sys.stdout.write(f"{row.name}: {_describe(result, unfrozen_only=options.unfrozen)}, {seconds:.0f} s\n")
        for seen in (result.unfrozen, result.frozen, result.empty):
            if seen is not None and seen.error:
                sys.stdout.write(f"{seen.error}\n")
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)
    else:
        sys.stdout.write(f"{row.name}: {result.outcome}, did not change\n")
    sys.stdout.flush()
    return result.unfrozen.is_green if options.unfrozen else result.outcome in ALLOWED


def _is_current(row: Row, result: Result) -> bool:
    return (result.row, result.dagfloe) == (row.digest, _digest_tool()) and result.outcome in ALLOWED


def _describe(result: Result, *, unfrozen_only: bool) -> str:
    if unfrozen_only:
        return f"{'green' if result.unfrozen.is_green else 'red'} {result.unfrozen.values} {result.versions}"
    lines = [result.outcome, *result.differences()]
    if result.refusal:
        lines += [result.refusal, f"written in [tool.dagfloe]: {result.settings or 'nothing'}"]
    return "\n  ".join(lines)


if __name__ == "__main__":
    sys.exit(main())
