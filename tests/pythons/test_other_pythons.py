"""Bundle files of the oldest and of the newest other Python of this machine. `make pythons` tests all of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.peer import TOOL
from support.pythons import find_pythons, running_version
from trust.matrix import FAULTS, Fault
from trust.trial import Trial

PROJECT = Path(__file__).parents[1] / "demo" / "traps"
BUILD_TIMEOUT_S = 300
PYTHONS = {version: path for version, path in find_pythons().items() if version != running_version()}
#: What tasks do most: they return, raise, and die.
HOWS = ("returns", "raises an exception", "`sys.exit(0)`", "`os._exit(7)`", "SIGKILL to itself")
FEW = [fault for fault in FAULTS if fault.how in HOWS and fault.when == "in the task"]
pytestmark = [pytest.mark.frozen, pytest.mark.timeout(BUILD_TIMEOUT_S)]


@pytest.fixture(scope="module", params=sorted({*[*PYTHONS][:1], *[*PYTHONS][-1:]}))
def version(request: pytest.FixtureRequest) -> str:
    """The minor version of a Python that does not run the tests."""
    return str(request.param)


@pytest.fixture(scope="module")
def bundle(version: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle file of tests/demo/traps with this Python."""
    folder = tmp_path_factory.mktemp("python")
    shutil.copytree(PROJECT, folder / "project", ignore=shutil.ignore_patterns("__pycache__"))
    settings = folder / "project" / "pyproject.toml"
    settings.write_text(settings.read_text("utf-8").replace('">=3.10"', f'"=={version}.*"'), "utf-8")
    path = os.pathsep.join((str(PYTHONS[version].parent), os.environ["PATH"]))
    command = [TOOL, "build", str(settings.parent), "--output", str(folder), "--quiet"]
    subprocess.run(command, check=True, timeout=BUILD_TIMEOUT_S, env={**os.environ, "PATH": path})
    return folder / "traps"


def test_the_python_is_the_one_that_the_project_requires(bundle: Path, version: str) -> None:
    """The tool's own Python is another one."""
    fault = Fault(
        "task", "in the task", "shows its Python", "failed", code="raise ValueError(__import__('sys').version)"
    )
    seen = Trial([str(bundle)], fault, has_launcher=True).run()
    assert seen.problems(fault, has_launcher=True) == []
    assert f"{version}." in seen.text


@pytest.mark.parametrize("fault", FEW, ids=str)
def test_a_task_ends_as_with_every_python(bundle: Path, fault: Fault) -> None:
    """The status, the state, the log and what is left are those of the fault matrix."""
    seen = Trial([str(bundle)], fault, has_launcher=True).run()
    assert seen.problems(fault, has_launcher=True) == [], seen.text[-2000:]


def test_the_flags_are_those_of_the_python(bundle: Path, version: str) -> None:
    """`sys.flags` of a Python that a task starts has all names of this version; threads need the newest ones."""
    names = "import sys; print(*[name for name in dir(sys.flags) if not name.startswith(('_', 'n_'))], len(sys.flags))"
    *flags, count = subprocess.run(
        [PYTHONS[version], "-I", "-c", names], capture_output=True, text=True, check=True, timeout=30
    ).stdout.split()
    shown = "import sys; f = sys.flags; print([hasattr(f, name) or name for name in sys.argv[1:]], len(f), len([*f]))"
    command = ["-c", shown, *(name for name in flags if name not in ("count", "index"))]
    code = (
        f"import subprocess, sys; raise ValueError(subprocess.check_output([sys.executable, *{command!r}], text=True))"
    )
    fault = Fault("task", "in the task", "shows flags", "failed", code=code)
    seen = Trial([str(bundle)], fault, has_launcher=True).run()
    assert f"{[True] * (len(command) - 2)} {count} {count}" in seen.text, seen.text[-2000:]
