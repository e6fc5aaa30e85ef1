"""`dagfloe new`: the project that it creates works without any change."""

from __future__ import annotations

import os
import resource
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
    """Run the command, and return its output."""
    result = CliRunner().invoke(main, ["new", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.output


def files_in(folder: Path) -> set[str]:
    """Return the paths of the files in a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new project."""
    folder = tmp_path_factory.mktemp("new") / "Monthly_sales.eu"
    run(folder, "--quiet")
    return folder


def test_files(project: Path) -> None:
    """The project can be built, its file has a normalized name, and no template field is left in it."""
    assert files_in(project) == FILES
    assert read_project(project).file_name == "monthly-sales-eu"
    assert all("{" not in (project / path).read_text().replace('f"{amount:.2f}', "") for path in FILES)


@pytest.mark.parametrize(
    "command",
    [["pytest", "-q", "-p", "no:cacheprovider"], ["ruff", "check"], ["ruff", "format", "--check"]],
    ids=" ".join,
)
def test_tests_and_linter(project: Path, command: list[str]) -> None:
    """The project's own tests pass, and ruff has no complaints."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=project, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_native_dag(tmp_path: Path) -> None:
    """With `--airflow 3.4`, Airflow gets the Dag from the bundle file. Without it, the file also runs in 3.3."""
    run(tmp_path / "sales", "--airflow", "3.4")
    run(tmp_path / "older", "--airflow", "3.3")
    assert files_in(tmp_path / "sales") == FILES
    native, older = read_project(tmp_path / "sales"), read_project(tmp_path / "older")
    assert (native.native_dags, older.native_dags) == (True, False)
    assert native.schema_version > older.schema_version
    assert "native" not in (tmp_path / "older" / "pyproject.toml").read_text()


def test_next_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The output ends with the next commands. In the current folder there is no `cd`."""
    monkeypatch.chdir(tmp_path)
    output = run("bundles/sales")
    assert output.splitlines()[-3:] == ["  cd bundles/sales", "  dagfloe run . --seed seed.toml", "  dagfloe build"]
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert "cd " not in run(".")
    assert files_in(Path.cwd()) == FILES


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("-x", "No such option"),
        ("a b", "'a b' is not a valid project name"),
        ("é", "not a valid"),
        ("sales\n", "not a valid"),
        ("sales-", "not a valid"),
        ("x" * 101, "not a valid"),
        ("Dagfloe", "'Dagfloe' is the name of a package"),
    ],
)
def test_bad_names(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid name gives an error, and no project."""
    monkeypatch.chdir(tmp_path)
    assert message in run(name, status=2)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overfiles_in(tmp_path: Path) -> None:
    """The command does not change existing files."""
    note = tmp_path / "sales" / "tasks.py"
    note.parent.mkdir()
    note.write_text("mine")
    assert "exists and is not empty" in run(note.parent, status=1)
    assert "exists and is not a folder" in run(note, status=1)
    assert files_in(tmp_path) == {"sales/tasks.py"}
    assert note.read_text() == "mine"


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the folder cannot be created, the command leaves no files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert "Not a directory" in run("file/sales", status=1)
    assert files_in(tmp_path) == {"file"}


def test_a_failure_half_way_leaves_nothing(tmp_path: Path) -> None:
    """If a file cannot be written, the files that were written are removed, but not a folder that existed before."""
    (tmp_path / "existing").mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))  # as on a full disk; the first file is smaller
    try:
        outputs = [run(tmp_path / name, status=1) for name in ("existing", "new")]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert ["File too large" in output for output in outputs] == [True, True]
    assert [path.name for path in tmp_path.rglob("*")] == ["existing"]


@pytest.mark.parametrize("milliseconds", range(0, 120, 10))
def test_an_interrupt_leaves_all_or_nothing(milliseconds: int, tmp_path: Path) -> None:
    """After Ctrl-C at any time, the project is complete or does not exist."""
    folder = tmp_path / "sales"
    process = start_tool("new", str(folder), "--quiet")
    time.sleep(milliseconds / 1000)  # the interrupt comes at another time in each test
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=DEADLINE_S)
    assert stderr in ("", "interrupted\n")
    assert process.returncode in (0, 130, -signal.SIGINT)
    if folder.exists() or process.returncode == 0:
        assert files_in(folder) == FILES
