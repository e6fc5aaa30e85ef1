"""The checks of folders."""

from __future__ import annotations

from pathlib import Path

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
