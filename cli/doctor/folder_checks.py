"""Checks of the folders that bundle files write to."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from dagfloe.cli.doctor.check import FAILED, OK, WARNING, Check

_PROGRAM_TIMEOUT_S = 10.0
_MIN_FREE_BYTES = 500_000_000


def check_cache(folder: Path) -> Check:
    """Check the folder that bundle files unpack themselves into. If it is unusable, they use another one."""
    name, cure = "cache folder", "fix it, or set DAGFLOE_CACHE_DIR to another folder"
    existing = _nearest_existing(folder)
    label = f"{folder}" if existing == folder else f"{folder} (to be created in {existing})"
    try:
        status = existing.stat()
        if status.st_uid not in (os.geteuid(), 0):
            return Check(name, WARNING, f"{label}: it belongs to another user (uid {status.st_uid})", cure)
        if existing == folder and status.st_mode & 0o022:
            mode = stat.S_IMODE(status.st_mode)
            return Check(name, WARNING, f"{label}: mode {mode:03o} lets other users write", f"chmod go-w {folder}")
        if problem := _problem_of(existing):
            return Check(name, WARNING, f"{label}: {problem}", cure)
    except OSError as error:
        return Check(name, WARNING, f"{label}: {error.strerror}", cure)
    return Check(name, OK, f"{label}, {_free_bytes(existing) / 1e9:.1f} GB free")


def check_temporary(folder: Path) -> Check:
    """Check the folder for temporary files."""
    name, cure = "temporary folder", "fix it, or set TMPDIR to another folder"
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & 0o002 and not mode & stat.S_ISVTX:
            return Check(name, WARNING, f"{folder}: other users can delete files in it", f"chmod +t {folder}")
        if problem := _problem_of(folder):
            return Check(name, WARNING, f"{folder}: {problem}", cure)
    except OSError as error:
        return Check(name, FAILED, f"{folder}: {error.strerror}", cure)
    return Check(name, OK, f"{folder}, {_free_bytes(folder) / 1e9:.1f} GB free")


def check_free_space(program: Path) -> Check:
    """Check that the file system of an unpacked program has space for the next version of it.

    A store that this user cannot write, such as that of an image, needs no space.
    """
    free = _free_bytes(program)
    if free >= _MIN_FREE_BYTES or not os.access(program.parent, os.W_OK):
        return Check("cache folder", OK, f"{program}, {free / 1e9:.1f} GB free")
    text = f"{program}: only {free / 1e6:.0f} MB are free"
    return Check("cache folder", WARNING, text, "free some space, because the next version of the bundle may not fit")


def _nearest_existing(folder: Path) -> Path:
    """Return the folder, or its nearest parent that exists."""
    return next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))


def _problem_of(folder: Path) -> str:
    """Write a program to a folder and run it. Returns why that does not work, or an empty string."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return "it is not writable"
    if _free_bytes(folder) < _MIN_FREE_BYTES:
        return f"only {_free_bytes(folder) / 1e6:.0f} MB are free"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".dagfloe-doctor-") as name:
        script = Path(name, "try")
        script.write_text("#!/bin/sh\nexit 0\n")
        script.chmod(0o700)
        try:
            subprocess.run([str(script)], check=True, timeout=_PROGRAM_TIMEOUT_S, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError):
            return "programs in it do not run. Is it mounted noexec?"
    return ""


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free
