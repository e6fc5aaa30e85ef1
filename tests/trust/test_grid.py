"""Every failure, of everyone, at every moment, ends as the grid says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.peer import TOOL
from support.result_tables import Tables
from trust.grid.cell import FORMS, Cell
from trust.grid.matrix import AXES, CELLS, IMPOSSIBLE, run, unfrozen_command

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[1] / "demo" / "faults"
#: `make grid` runs all cells; `make test` runs one of each kind.
IS_WHOLE = bool(os.environ.get("DAGFLOE_GRID"))
RUNS = [(cell, form) for cell in CELLS for form in cell.only if IS_WHOLE or cell.is_quick]


@pytest.fixture(scope="session")
def grid_commands(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The commands that start the bundle, by form."""
    folder = tmp_path_factory.mktemp("faults")
    subprocess.run([TOOL, "build", str(PROJECT), "--output", str(folder), "--quiet"], check=True, timeout=600)
    return {"frozen": [str(folder / "faults")], "not frozen": unfrozen_command(folder)}


@pytest.fixture(scope="session")
def grid_tables() -> Iterator[Tables]:
    """Collects what the tests see, and writes it to the file that the environment names."""
    tables = Tables(os.environ.get("DAGFLOE_GRID"))
    yield tables
    tables.write()


@pytest.mark.frozen
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("cell", "form"), [pytest.param(*pair, id=f"{pair[0].name} ({pair[1]})") for pair in RUNS])
def test_failure_ends_as_expected(
    cell: Cell, form: str, grid_commands: dict[str, list[str]], tmp_path: Path, grid_tables: Tables
) -> None:
    """The exit status, the terminal message, the log, the processes and the files are those of the grid."""
    seen = run(cell, grid_commands[form], tmp_path / "run")
    problems = cell.problems(seen, form)
    result = {"state": seen.state, "status": seen.status, "seconds": round(seen.seconds, 1), "problems": problems}
    grid_tables.add("grid", cell.name, form, result)
    assert problems == [], seen.text()[-4000:]


def test_every_pair_is_a_cell_or_has_a_reason() -> None:
    """For everyone who can fail, each moment and each failure is in the grid exactly once."""
    assert FORMS == ("frozen", "not frozen")
    assert len({cell.name for cell in CELLS}) == len(CELLS)
    for who, (whens, hows) in AXES.items():
        for when in whens:
            for how in hows:
                found = [cell for cell in CELLS if (cell.who, cell.when, cell.how) == (who, when, how)]
                reasons = [impossible for impossible in IMPOSSIBLE if impossible.covers(who, when, how)]
                assert len(found) + bool(reasons) == 1, (who, when, how, found, reasons)
    assert {cell.who for cell in CELLS} == set(AXES)
