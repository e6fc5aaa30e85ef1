"""Temporary folders: removed at the end, and by the next command after a kill."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from dagfloe.build.work_folder import work_folder
from dagfloe.format.errors import FreezeError, PackError
from support.peer import DEADLINE_S

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
import sys
from dagfloe.build.work_folder import work_folder
with work_folder(sys.argv[1], "sales") as folder:
    (folder / "stage").mkdir()
    (folder / "stage" / "module.py").touch()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def start(purpose: str) -> tuple[subprocess.Popen[str], str]:
    """Start a process that holds a folder; return it and the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, purpose], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    return process, process.stdout.readline().strip()


def test_a_killed_command(parent: Path) -> None:
    """The next command removes the folder of a killed one at once, and leaves that of a living one."""
    killed = [start("build")[0], start("run")[0]]
    living, folder = start("run")
    assert len(list(parent.iterdir())) == 3
    for process in killed:
        process.kill()
        process.communicate(timeout=DEADLINE_S)
    with work_folder("run", "other") as own:
        assert {str(path) for path in parent.iterdir()} == {folder, str(own)}
    living.communicate("", timeout=DEADLINE_S)
    assert list(parent.iterdir()) == []


def test_many_at_once(parent: Path) -> None:
    """Commands that begin at the same time do not remove the folders of others."""
    processes = [start("build")[0] for _ in range(8)]
    folders = list(parent.iterdir())
    assert len(folders) == 8
    assert all((folder / "stage" / "module.py").exists() for folder in folders)
    for process in processes:
        process.communicate("", timeout=DEADLINE_S)
        assert process.returncode == 0
    assert list(parent.iterdir()) == []


def test_the_logs_of_a_failed_build(parent: Path) -> None:
    """A failed build leaves its logs until the next build of the project, or for a week."""

    def fail() -> None:
        with work_folder("build", "sales") as folder:
            (folder / "build.log").touch()
            (folder / "out").mkdir()
            raise FreezeError

    with pytest.raises(FreezeError):
        fail()
    (failed,) = parent.iterdir()
    assert {path.name for path in failed.iterdir()} == {"build.log", ".failed"}
    with work_folder("run", "other"):
        assert failed.exists()
    with work_folder("build", "sales"):
        assert not failed.exists()
    with pytest.raises(FreezeError):
        fail()
    (failed,) = parent.iterdir()
    week_ago = time.time() - 8 * 24 * 3600
    os.utime(failed / ".failed", (week_ago, week_ago))
    with work_folder("run", "other"):
        assert not failed.exists()


def test_what_is_not_ours(parent: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Links, files, pipes and folders of other users are left alone."""
    precious = tmp_path_factory.mktemp("precious")
    (precious / "file").touch()
    (parent / "dagfloe-run-link").symlink_to(precious)
    (parent / "dagfloe-run-file").touch()
    os.mkfifo(parent / "dagfloe-run-pipe")
    (parent / "dagfloe-running").mkdir()
    if os.geteuid() == 0:
        (parent / "dagfloe-run-foreign").mkdir()
        os.chown(parent / "dagfloe-run-foreign", 12345, 12345)
    before = set(parent.iterdir())
    with work_folder("run", "sales"):
        pass
    assert set(parent.iterdir()) == before
    assert (precious / "file").exists()


def test_a_folder_that_cannot_be_created(parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder for temporary files, the error names the folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(parent / "none"))
    with pytest.raises(PackError, match="cannot be created: No such file or directory"), work_folder("run", "sales"):
        pass


def test_an_interrupt(parent: Path) -> None:
    """An interrupt in the block removes the folder."""
    with pytest.raises(KeyboardInterrupt), work_folder("run", "sales"):
        raise KeyboardInterrupt
    assert list(parent.iterdir()) == []


def fail(purpose: str, name: str) -> None:
    """Let a program of a command fail that has a log."""
    with suppress(FreezeError), work_folder(purpose, name) as folder:
        (folder / "environment.log").touch()
        raise FreezeError("it failed")


def test_the_logs_of_others(parent: Path) -> None:
    """The logs of a project stay when another one is built whose name is how its name begins, and when it is run."""
    fail("build", "sales-report")
    (failed,) = parent.iterdir()
    for purpose, name in (("build", "sales"), ("run", "sales-report"), ("build", "report")):
        with work_folder(purpose, name):
            assert (failed / "environment.log").exists()
    with work_folder("build", "sales-report"):
        assert not failed.exists()


def test_the_logs_of_a_failed_run(parent: Path) -> None:
    """A failed run leaves its logs until the next run of the project."""
    fail("run", "sales")
    (failed,) = parent.iterdir()
    with work_folder("build", "sales"):
        assert (failed / "environment.log").exists()
    with work_folder("run", "sales"):
        assert not failed.exists()
