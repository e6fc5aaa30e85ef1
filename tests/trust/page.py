"""Writes docs/evidence/reliability.md from what `make trust` and `make soak` saw: `python -m trust.page`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from trust.grid.page import sections
from trust.matrix import FAULTS, LOST, Fault
from trust.waits import WAITS, bound

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "evidence" / "reliability.md"
FAULT_RESULTS, SOAK_RESULTS = ROOT / ".cache" / "trust.json", ROOT / ".cache" / "soak.json"
GRID_RESULTS = ROOT / ".cache" / "grid.json"
_INTRODUCTION = """\
# Reliability

This page shows what happens if something fails: who, when and how. `make trust` produces every fault for real, with a
bundle file and with an unfrozen run of the same task, and writes this page. `make test` does the same.

*State* is the state in the terminal message, or *no message*. The exit status is 0 only if the
supervisor received a terminal message. Any other status makes Airflow retry the task, or fail it if no tries are left.
In each row, the log contains the reason wherever a process is left to write it, every log line is whole, and no process
of the task is left after a bundle file has ended.

"""
_WAITS = """
## Waits

Nothing in the runtime and in the launcher waits without a bound, unless a task asks for it. A test counts the waits in
the source, so that a new one needs a row here.

| what waits | bound | why so long |
|---|---|---|
"""
_SOAK = """
## Soak

`make soak` runs many tasks, one after the other and at once, and compares the first tenth with the last one. *Left* are
processes, files and folders that were not there before.

| run | tasks | failed | supervisor's memory, MB | descriptors | slowest 1 %, ms | left |
|---|---|---|---|---|---|---|
"""


def page(faults: dict[str, Any], soak: dict[str, Any], grid: dict[str, Any]) -> str:
    """Make the page.

    Args:
        faults: what the tests of the matrix saw, by fault and form.
        soak: what the soak runs saw, by run.
        grid: what `make grid` saw, by cell and form; empty if it did not run.
    """
    lines = [_INTRODUCTION]
    for who in dict.fromkeys(fault.who for fault in FAULTS):
        rows = [fault for fault in FAULTS if fault.who == who]
        lines += [
            f"## {who.capitalize()}\n\n| when | how | state | status | bundle file | unfrozen |\n",
            "|---|---|---|---|---|---|\n",
        ]
        lines += [_row(fault, faults[str(fault)]) for fault in rows]
        lines.append("\n")
    open_cells = sum(bool(seen["problems"]) for forms in faults.values() for seen in forms.values())
    cells = sum(len(forms) for forms in faults.values())
    lines.append(f"Of {cells} cells, {open_cells} are open.\n")
    if grid:
        lines.append(sections(grid))
    lines += [_WAITS, *(f"| {wait.what} | {bound(wait)} | {wait.reason} |\n" for wait in WAITS)]
    lines.append(_SOAK)
    for name, seen in soak.items():
        memory, descriptors, slowest = (
            " to ".join(map(str, seen[key])) for key in ("memory", "descriptors", "slowest")
        )
        cells_of_run = (name, f"{seen['tasks']:,}", seen["failed"], memory, descriptors, slowest, seen["left"])
        lines.append(f"| {' | '.join(map(str, cells_of_run))} |\n")
    return "".join(lines)


def _row(fault: Fault, forms: dict[str, Any]) -> str:
    status = str(fault.status) if fault.status >= 0 else f"signal {-fault.status}"
    state = fault.state if fault.state != LOST else "no message"
    cells = [_cell(forms["frozen"]), fault.only_frozen or _cell(forms["unfrozen"])]
    if fault.without_launcher is not None and not fault.only_frozen and not forms["unfrozen"]["problems"]:
        cells[1] += f", status {fault.without_launcher} without a launcher" * (fault.without_launcher != fault.status)
    return f"| {fault.when} | {fault.how} | {state} | {status} | {' | '.join(cells)} |\n"


def _cell(seen: dict[str, Any]) -> str:
    return f"OPEN: {'; '.join(seen['problems'])}" if seen["problems"] else "as expected"


if __name__ == "__main__":
    soaked = json.loads(SOAK_RESULTS.read_text("utf-8")) if SOAK_RESULTS.exists() else {}
    gridded = json.loads(GRID_RESULTS.read_text("utf-8"))["grid"] if GRID_RESULTS.exists() else {}
    PAGE.write_text(page(json.loads(FAULT_RESULTS.read_text("utf-8"))["faults"], soaked, gridded), "utf-8")
    sys.stdout.write(f"{PAGE}\n")
