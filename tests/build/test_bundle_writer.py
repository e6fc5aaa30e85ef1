"""Writing a bundle file, and preparing its folder."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path

import pytest

from dagfloe.build.bundle_writer import new_bundle_file, prepare_output
from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.errors import PackError

REGIONS = (b"program", b"source\n", b"a: b\n")


def test_regions(tmp_path: Path) -> None:
    """The file has three regions, is executable, and appears under its name only after the block."""
    target = tmp_path / "sales"
    with new_bundle_file(target, *REGIONS) as file:
        assert not target.exists()
        assert os.access(file, os.X_OK)
    assert list(tmp_path.iterdir()) == [target]
    bundle = read_bundle(target)
    assert (bundle.binary_len, bundle.source, bundle.manifest) == (len(REGIONS[0]), REGIONS[1], {"a": "b"})


def test_failed_build(tmp_path: Path) -> None:
    """If the block raises, the last file stays and the new one is removed."""
    target = tmp_path / "sales"
    target.write_text("last")
    with pytest.raises(KeyboardInterrupt), new_bundle_file(target, *REGIONS):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [target]
    assert target.read_text() == "last"


def test_temporary_files(tmp_path: Path) -> None:
    """Temporary files that killed builds of the same bundle left are removed; those of others stay."""
    for name in (".dagfloe-sales-old", ".dagfloe-other-old"):
        (tmp_path / name).write_text("")
    target = tmp_path / "sales"
    with new_bundle_file(target, *REGIONS) as file:
        prepare_output(target)
        assert {path.name for path in tmp_path.iterdir()} == {file.name, ".dagfloe-other-old"}
        assert file.exists()


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without locks, the age of a temporary file decides."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EBADF, "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    hours_ago = time.time() - 3 * 3600
    for name in (".dagfloe-sales-old", ".dagfloe-sales-new"):
        (tmp_path / name).write_text("")
    os.utime(tmp_path / ".dagfloe-sales-old", (hours_ago, hours_ago))
    with new_bundle_file(tmp_path / "sales", *REGIONS):
        prepare_output(tmp_path / "sales")
    assert {path.name for path in tmp_path.iterdir()} == {".dagfloe-sales-new", "sales"}


def test_output_folder(tmp_path: Path) -> None:
    """The folder is made; if that is not possible, the error says why."""
    prepare_output(tmp_path / "new" / "folder" / "sales")
    assert (tmp_path / "new" / "folder").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(PackError, match="file cannot be made: File exists"):
        prepare_output(tmp_path / "file" / "sales")
    with pytest.raises(PackError, match="/proc/self cannot be written: choose another one with --output"):
        prepare_output(Path("/proc/self/sales"))  # nobody can write there
    (tmp_path / "sales").mkdir()
    with pytest.raises(PackError, match="sales is a folder: remove it, or choose another --output"):
        prepare_output(tmp_path / "sales")
