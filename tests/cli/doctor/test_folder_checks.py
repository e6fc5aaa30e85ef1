"""The checks of folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dagfloe.cli.doctor.check import Check
from dagfloe.cli.doctor.folder_checks import check_cache, check_temporary


def test_folders(tmp_path: Path) -> None:
    """A check names the problem of a folder and its cure, and leaves nothing in a good one."""
    good = tmp_path / "good"
    good.mkdir(mode=0o700)
    assert check_cache(good).state == check_temporary(good).state == "ok"
    assert f"(to be created in {good})" in check_cache(good / "a" / "b").text
    assert list(good.iterdir()) == []
    good.chmod(0o777)
    assert check_cache(good) == Check(
        "cache folder", "warning", f"{good}: mode 777 lets other users write", f"chmod go-w {good}"
    )
    assert check_temporary(good).cure == f"chmod +t {good}"
    assert check_temporary(tmp_path / "missing").state == "failed"


def test_a_folder_that_accepts_no_file() -> None:
    """The checks write a file, because permissions alone do not show whether that works."""
    assert check_cache(Path("/proc/self")).state == "warning"
    assert check_temporary(Path("/proc/self")).state in ("warning", "failed")


def test_a_full_file_system() -> None:
    """A file system without free space gives a warning. That of the kernel's processes never has any."""
    folder = Path("/proc")
    if not os.access(folder, os.W_OK):
        pytest.skip("only root may write there")
    assert check_temporary(folder).text == "/proc: only 0 MB are free"
    assert check_cache(folder / "a").text == "/proc/a (to be created in /proc): only 0 MB are free"


def test_a_file_as_folder(tmp_path: Path) -> None:
    """A file instead of the cache folder gives a warning with the reason."""
    file = tmp_path / "file"
    file.touch(mode=0o755)
    check = check_cache(file)
    assert (check.state, check.text) == ("warning", f"{file}: Not a directory")
    assert "DAGFLOE_CACHE_DIR" in check.cure


def test_a_folder_of_another_user(tmp_path: Path) -> None:
    """Bundle files do not use a cache folder that another user can change."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(tmp_path, 12345, -1)
    check = check_cache(tmp_path)
    assert (check.state, check.text) == ("warning", f"{tmp_path}: it belongs to another user (uid 12345)")
