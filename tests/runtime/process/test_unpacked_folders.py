"""The folders of killed one-file programs: which are deleted, and which stay."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dagfloe.runtime.process.unpacked_folders import LAUNCHER, LOCK, UNPACKING_S, delete_abandoned_folders, lock_folder
from support.peer import DEADLINE_S

LONG_AGO = time.time() - UNPACKING_S - 60
CLAIM = (
    "import sys; from dagfloe.runtime.process.unpacked_folders import lock_folder; "
    "lock_folder(sys.argv[1]); print('claimed', flush=True); "
)


def folder(parent: Path, name: str, *files: str, modified_at: float | None = None) -> Path:
    """Make a folder with files and a modification time."""
    path = parent / name
    for file in files:
        (path / file).parent.mkdir(parents=True, exist_ok=True)
        (path / file).touch()
    path.mkdir(exist_ok=True)
    if modified_at is not None:
        os.utime(path, (modified_at, modified_at))
    return path


def own_folder(parent: Path) -> str:
    """The folder of the running program."""
    return str(folder(parent, "_MEIown"))


def test_unused_folders_are_deleted(tmp_path: Path) -> None:
    """An unlocked folder, and an old folder that was never locked, are deleted with their contents."""
    unlocked = folder(tmp_path, "_MEIunlocked", LOCK, LAUNCHER, "deep/er/file")
    half = folder(tmp_path, "_MEIhalf", LAUNCHER, "file", modified_at=LONG_AGO)
    delete_abandoned_folders(own_folder(tmp_path))
    assert not unlocked.exists()
    assert not half.exists()


@pytest.mark.parametrize(
    ("name", "files", "modified_at"),
    [
        ("_MEIother", ("some/file",), LONG_AGO),  # another program
        ("_MEIfresh", (LAUNCHER,), None),  # may still be unpacking
        ("other", (LOCK, LAUNCHER), LONG_AGO),
    ],
)
def test_other_folders_stay(tmp_path: Path, name: str, files: tuple[str, ...], modified_at: float | None) -> None:
    """Other programs' folders, and folders that may still be unpacking, stay."""
    path = folder(tmp_path, name, *files, modified_at=modified_at)
    delete_abandoned_folders(own_folder(tmp_path))
    assert all((path / file).exists() for file in files)


@pytest.mark.parametrize("holder", ["program", "what it forked"])
def test_folders_in_use_stay(tmp_path: Path, holder: str) -> None:
    """The folder of a running program stays until the program and its forks have ended."""
    path = folder(tmp_path, "_MEIused", LAUNCHER, modified_at=LONG_AGO)
    rest = "input()" if holder == "program" else "import os; os.fork() and os._exit(0); input()"
    with subprocess.Popen(
        [sys.executable, "-c", CLAIM + rest, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "claimed\n"
        if holder == "what it forked":
            process.wait(DEADLINE_S)
        delete_abandoned_folders(own_folder(tmp_path))
        assert path.exists()
        process.communicate("\n", timeout=DEADLINE_S)  # returns when all processes have closed the output
    delete_abandoned_folders(own_folder(tmp_path))
    assert not path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_folders_of_other_users_stay(tmp_path: Path) -> None:
    """Folders of other users stay."""
    path = folder(tmp_path, "_MEItheirs", LOCK, LAUNCHER)
    os.chown(path, 12345, -1)
    delete_abandoned_folders(own_folder(tmp_path))
    assert path.exists()


def test_link_is_not_followed(tmp_path: Path) -> None:
    """A symbolic link is not followed, and its target stays."""
    target = folder(tmp_path, "precious", LOCK, LAUNCHER)
    (tmp_path / "_MEIlink").symlink_to(target)
    delete_abandoned_folders(own_folder(tmp_path))
    assert (target / LAUNCHER).exists()


def test_own_folder_stays(tmp_path: Path) -> None:
    """A program's own folder stays. A folder that cannot be locked is not an error."""
    path = own_folder(tmp_path)
    lock_folder(path)
    delete_abandoned_folders(path)
    assert Path(path, LOCK).exists()
    lock_folder(str(tmp_path / "nowhere"))


USERS = """
import os, signal, subprocess, sys
from dagfloe.runtime.process.unpacked_folders import end_users
WAIT = "import signal, sys; print(flush=True); signal.pause()"
TRACK = (
    "import os, signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); "
    "sys.stdin.read(); open(sys.argv[1], 'w').close()"
)
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"

def start(code, folder):
    process = subprocess.Popen(
        [sys.executable, "-c", code, sys.argv[2]],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "_PYI_APPLICATION_HOME_DIR": folder},
    )
    process.stdout.readline()
    return process

folder, other = sys.argv[1], sys.argv[1] + "2"
users = [start(code, folder) for code in (WAIT, WAIT, TRACK, STUBBORN)]
users[1].send_signal(signal.SIGSTOP)
stays = start(WAIT, other)
end_users(folder)
print([user.poll() for user in users], stays.poll())
stays.kill()
"""


def test_users_of_the_folder_end(tmp_path: Path) -> None:
    """They end by a signal or with their pipe, also if they are stopped or ignore SIGTERM. Others go on."""
    ended = subprocess.run(
        [sys.executable, "-c", USERS, str(tmp_path), str(tmp_path / "tidied")],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert ended.stdout == "[-15, -15, 0, -9] None\n", ended.stderr
    assert (tmp_path / "tidied").exists()
