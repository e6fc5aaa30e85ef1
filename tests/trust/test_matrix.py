"""Every fault has the result that the matrix names, frozen and unfrozen."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.peer import TOOL, write_project
from trust.matrix import FAULTS, Fault
from trust.trial import Trial

if TYPE_CHECKING:
    from support.result_tables import Tables

RUNS = [
    (fault, form) for fault in FAULTS for form in ("frozen", "unfrozen") if form == "frozen" or not fault.only_frozen
]
PROJECT = Path(__file__).parents[1] / "demo" / "traps"
pytestmark = pytest.mark.frozen


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The commands that start the bundle, by form."""
    folder = tmp_path_factory.mktemp("traps")
    subprocess.run([TOOL, "build", str(PROJECT), "--output", str(folder), "--quiet"], check=True, timeout=600)
    unfrozen = write_project(folder, (PROJECT / "tasks.py").read_text("utf-8"), preamble="")
    return {"frozen": [str(folder / "traps")], "unfrozen": unfrozen}


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("fault", "form"), RUNS, ids=str)
def test_fault(fault: Fault, form: str, commands: dict[str, list[str]], tables: Tables) -> None:
    """The status, the state, the log and what is left are as expected."""
    has_launcher = form == "frozen"
    seen = Trial(commands[form], fault, has_launcher=has_launcher).run()
    problems = seen.problems(fault, has_launcher=has_launcher)
    result = {"status": seen.status, "state": seen.state, "seconds": round(seen.seconds, 1), "problems": problems}
    tables.add("faults", str(fault), form, result)
    assert not problems, seen.text[-2000:]
