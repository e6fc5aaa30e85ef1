"""`dagfloe new`: the project that it makes works as it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from dagfloe.build.project import read_project
from dagfloe.cli.tool import main
from support.peer import DEADLINE_S
from support.tool import start_tool

FILES = {".gitignore", "README.md", "pyproject.toml", "seed.toml", "tasks.py", "tests/test_tasks.py"}


def run(*arguments: str | Path, status: int = 0) -> str:
    """What the tool prints."""
    answer = CliRunner().invoke(main, ["new", *map(str, arguments)])
    assert answer.exit_code == status, answer.output
    return answer.output


def written(folder: Path) -> set[str]:
    """The files in a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new project."""
    folder = tmp_path_factory.mktemp("new") / "Monthly_sales.eu"
    run(folder, "--quiet")
    return folder


def test_what_it_makes(project: Path) -> None:
    """The project is one that a build takes, and its file has a name that Airflow takes."""
    assert written(project) == FILES
    assert read_project(project).file_name == "monthly-sales-eu"
    assert all("{" not in (project / path).read_text().replace('f"{amount:.2f}', "") for path in FILES)


@pytest.mark.parametrize(
    "command",
    [["pytest", "-q", "-p", "no:cacheprovider"], ["ruff", "check"], ["ruff", "format", "--check"]],
    ids=" ".join,
)
def test_it_is_good(project: Path, command: list[str]) -> None:
    """Its own test passes, and a linter has nothing to say."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    answer = subprocess.run(
        [sys.executable, "-m", *command], cwd=project, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_it_says_what_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next commands are told, for an empty folder that one is in, too."""
    monkeypatch.chdir(tmp_path)
    told = run("bundles/sales")
    assert told.splitlines()[-3:] == ["  cd bundles/sales", "  dagfloe run . --seed seed.toml", "  dagfloe build"]
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert "cd " not in run(".")
    assert written(Path.cwd()) == FILES


@pytest.mark.parametrize(
    ("name", "why"),
    [("-x", "No such option"), ("a b", "no name"), ("é", "no name"), ("x" * 101, "no name"), ("Dagfloe", "package")],
)
def test_bad_names(name: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that no project can have is refused, and nothing is made."""
    monkeypatch.chdir(tmp_path)
    assert why in run(name, status=2)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """What is there stays as it is."""
    note = tmp_path / "sales" / "tasks.py"
    note.parent.mkdir()
    note.write_text("mine")
    assert "not empty" in run(note.parent, status=1)
    assert "no folder" in run(note, status=1)
    assert written(tmp_path) == {"sales/tasks.py"}
    assert note.read_text() == "mine"


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be made is told, with its name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert "Not a directory" in run("file/sales", status=1)
    assert written(tmp_path) == {"file"}


@pytest.mark.parametrize("milliseconds", range(0, 120, 10))
def test_an_interrupt_leaves_all_or_nothing(milliseconds: int, tmp_path: Path) -> None:
    """Ctrl-C at any moment: either the project is there, or nothing is."""
    folder = tmp_path / "sales"
    process = start_tool("new", str(folder), "--quiet")
    time.sleep(milliseconds / 1000)  # not to wait for something: each is another moment
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=DEADLINE_S)
    assert stderr in ("", "interrupted\n")
    assert process.returncode in (0, 130, -signal.SIGINT)
    if folder.exists() or process.returncode == 0:
        assert written(folder) == FILES
