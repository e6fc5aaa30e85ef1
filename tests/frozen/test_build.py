"""Builds that fail, and builds that use an earlier analysis."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.format.bundle_file import read_bundle
from support.peer import TOOL, until

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Build = Callable[..., subprocess.CompletedProcess[str]]


def project(folder: Path, tasks: str, **modules: str) -> Path:
    """Write a project."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "odd"\nversion = "1.0"\ndependencies = ["iniconfig"]\n'
        '[tool.dagfloe]\nbundle = "odd.tasks:bundle"\n'
    )
    (folder / "odd").mkdir()
    for name, text in {"__init__": "", "tasks": tasks, **modules}.items():
        (folder / "odd" / f"{name}.py").write_text(text)
    return folder


GOOD = "from dagfloe import Bundle\nbundle = Bundle()\ndag = bundle.dag('d')\n@dag.task\ndef t(): pass\n"


def test_missing_modules_fail_the_build(tmp_path: Path, build: Build) -> None:
    """Missing dependencies and failing modules fail the build, with the line to add."""
    source = project(
        tmp_path / "odd",
        GOOD,
        declared="import importlib; importlib.import_module('ini' + 'config')",
        absent="import nowhere_to_be_found",
        failing="raise RuntimeError('not today')",
    )
    answer = build(source, tmp_path / "files")
    assert answer.returncode == 1
    assert "'nowhere_to_be_found' is not installed: add the distribution that has it to" in answer.stderr
    assert "odd.failing: RuntimeError: not today" in answer.stderr
    assert list((tmp_path / "files").iterdir()) == []


def test_changed_code_is_built(tmp_path: Path, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build takes new code and imports. What it keeps of earlier builds changes no byte of the file.

    That is the analysis, the bytecode of the environment, and what the last file holds compressed.
    """
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    cache = tmp_path / "cache"
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", str(cache))
    source = project(tmp_path / "odd", GOOD)
    tasks = source / "odd" / "tasks.py"
    assert build(source, tmp_path / "again").returncode == 0
    for added in ("x = 'second'", "import colorsys; x = colorsys.__name__"):
        tasks.write_text(f"{tasks.read_text()}{added}\n@bundle.dag(x).task\ndef u(): pass\n")
        assert build(source, tmp_path / "again").returncode == 0
        (bytecode,) = cache.glob("environments/odd-*/bytecode")
        assert all(list((bytecode / part).rglob("*.pyc")) for part in ("environment", "library"))
        for folder in (bytecode, cache / "analyses" / "odd", tmp_path / "fresh"):
            shutil.rmtree(folder, ignore_errors=True)
        assert build(source, tmp_path / "fresh").returncode == 0
        again, fresh = (tmp_path / name / "odd" for name in ("again", "fresh"))
        assert again.read_bytes() == fresh.read_bytes()
    assert set(read_bundle(tmp_path / "again" / "odd").manifest["dags"]) == {"d", "second", "colorsys"}
    assert not list(source.rglob("__pycache__"))


def test_code_of_the_same_size_and_second(tmp_path: Path, build: Build) -> None:
    """An edit that changes neither the size of a module nor its time is built: no bytecode of its own is kept."""
    source = project(tmp_path / "odd", GOOD)
    tasks = source / "odd" / "tasks.py"
    for name in ("first", "other"):
        tasks.write_text(GOOD.replace("'d'", f"'{name}'"))
        os.utime(tasks, (1_700_000_000, 1_700_000_000))
        assert build(source, tmp_path / "files", "--force").returncode == 0
        assert set(read_bundle(tmp_path / "files" / "odd").manifest["dags"]) == {name}


def test_an_environment_that_cannot_be_written(tmp_path: Path, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """If no bytecode can be kept with the environment, the build succeeds without, and gives the same file."""
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", str(tmp_path / "cache"))
    source = project(tmp_path / "odd", GOOD)
    assert build(source, tmp_path / "files").returncode == 0
    (bytecode,) = (tmp_path / "cache").glob("environments/odd-*/bytecode")
    shutil.rmtree(bytecode)
    bytecode.write_text("a file in its place")
    expected = (tmp_path / "files" / "odd").read_bytes()
    assert build(source, tmp_path / "other", "--force").returncode == 0
    assert (tmp_path / "other" / "odd").read_bytes() == expected


def test_new_files_are_found(tmp_path: Path, build: Build) -> None:
    """A build with a cached analysis finds a new module and a new data file."""
    tasks = (
        "from pathlib import Path\ntry:\n    from helper import extra\nexcept ImportError:\n    extra = None\n"
        "found = [path.stem for path in (Path(__file__).parents[1] / 'queries').iterdir()]\n"
        f"{GOOD}if extra and 'b' in found:\n    @bundle.dag('new').task\n    def u(): pass\n"
    )
    source = project(tmp_path / "odd", tasks)
    with (source / "pyproject.toml").open("a") as file:
        file.write('data = ["queries/*.sql:queries"]\n')
    for path in (source / "queries" / "a.sql", source / "helper" / "__init__.py"):
        path.parent.mkdir()
        path.write_text("")
    assert build(source, tmp_path / "files").returncode == 0
    assert set(read_bundle(tmp_path / "files" / "odd").manifest["dags"]) == {"d"}
    for path in (source / "queries" / "b.sql", source / "helper" / "extra.py"):
        path.write_text("")
    assert build(source, tmp_path / "files").returncode == 0
    assert set(read_bundle(tmp_path / "files" / "odd").manifest["dags"]) == {"d", "new"}


def test_the_callers_folder_does_not_count(tmp_path: Path, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module in the current folder does not replace a module of the standard library."""
    (tmp_path / "colorsys.py").write_text("stray = True")
    tasks = f"import colorsys\n{GOOD}bundle.dag('stray' if hasattr(colorsys, 'stray') else 'library').task(t)\n"
    source = project(tmp_path / "odd", tasks)
    monkeypatch.chdir(tmp_path)
    assert build(source, tmp_path / "files").returncode == 0
    assert set(read_bundle(tmp_path / "files" / "odd").manifest["dags"]) == {"d", "library"}


def test_archive_cookie_is_rejected(tmp_path: Path, build: Build) -> None:
    """A source that would prevent the program from starting is rejected before anything is frozen."""
    cookie = b"MEI\x0c\x0b\x0a\x0b\x0e".decode()
    answer = build(project(tmp_path / "odd", f'{GOOD}COOKIE = """{cookie}"""\n'), tmp_path / "files", "--one-file")
    assert answer.returncode == 1
    assert "finds its archive" in answer.stderr


def test_error_of_a_failing_install(tmp_path: Path, build: Build) -> None:
    """The error for a dependency that does not exist shows uv's reason and the path of the log."""
    source = project(tmp_path / "odd", GOOD)
    path = source / "pyproject.toml"
    path.write_text(path.read_text().replace("iniconfig", "iniconfig>=99999"))
    answer = build(source, tmp_path / "files")
    assert answer.returncode == 1
    assert "resolving the dependencies failed" in answer.stderr
    assert "iniconfig>=99999" in answer.stderr
    log = answer.stderr.rpartition("output is in ")[2].strip()
    assert "iniconfig>=99999" in Path(log).read_text()


def test_killed_build_leaves_nothing(tmp_path: Path) -> None:
    """A build that is killed while it freezes leaves no file under the final name."""
    source = project(tmp_path / "odd", GOOD)
    output = tmp_path / "files"
    process = subprocess.Popen(
        [TOOL, "build", str(source), "--output", str(output), "--verbose"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stderr
    pyinstaller = next(line for line in process.stderr if "PyInstaller:" in line)
    assert pyinstaller
    os.killpg(process.pid, signal.SIGKILL)
    process.stderr.close()
    process.wait(20)
    until(lambda: not _mentions(str(tmp_path)), "the end of PyInstaller")
    assert list(output.iterdir()) == []


def _mentions(text: str) -> bool:
    """Whether the command line of a running process contains a string."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                return True
        except OSError:
            continue
    return False
