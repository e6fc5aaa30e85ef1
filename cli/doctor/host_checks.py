"""What `dagfloe doctor` looks at on a host: folders, the C library, ports, limits, and what a build needs."""

from __future__ import annotations

import importlib.util
import os
import platform
import resource
import shutil
import socket
import stat
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.build.cache_root import cache_root
from dagfloe.build.launcher import find_launcher
from dagfloe.build.python.interpreter import SUPPORTED

if TYPE_CHECKING:
    from collections.abc import Iterator

OK, WARNING, FAILED = "ok", "warning", "failed"
_DEADLINE_S = 10.0
_ROOM_BYTES = 500_000_000
_OPEN_FILES = 256


@dataclass(frozen=True, slots=True)
class Check:
    """What was found out about one thing.

    Attributes:
        name: what was looked at.
        state: `ok`, `warning` or `failed`.
        text: what was found.
        cure: what to do about it; empty when all is well.
    """

    name: str
    state: str
    text: str
    cure: str = ""


def check_host() -> Iterator[Check]:
    """What running bundle files needs."""
    yield check_cache(cache_root())
    yield check_temporary(Path(tempfile.gettempdir()))
    yield _libc()
    yield _loopback()
    yield _open_files()


def check_build() -> Iterator[Check]:
    """What building them needs beside that."""
    version = platform.python_version()
    if ".".join(version.split(".")[:2]) in SUPPORTED:
        yield Check("Python", OK, f"{version}, {sys.executable}")
    else:
        yield Check("Python", WARNING, version, f"install one of {', '.join(SUPPORTED)}, so that it is on PATH")
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        yield Check("libpython", OK, "Python has a shared library, as PyInstaller wants it")
    else:
        yield Check(
            "libpython",
            FAILED,
            "Python was built without a shared library, and PyInstaller cannot freeze it",
            "install a Python that has one: that of a distribution, or one configured with --enable-shared",
        )
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        yield Check("venv", OK, "environments can be made")
    else:
        yield Check("venv", FAILED, "this Python has no venv or no ensurepip", "install the package python3-venv")
    if find_launcher():
        yield Check("launcher", OK, "compiled when dagfloe was installed")
    else:
        what = "a static C library" if shutil.which("cc") or shutil.which("gcc") else "a C compiler"
        yield Check(
            "launcher",
            WARNING,
            "not compiled: bundle files unpack themselves at every start",
            f"install {what}, such as with gcc and libc6-dev, and then dagfloe again",
        )
    if shutil.which("strip"):
        yield Check("strip", OK, "bundle files are built without debugging symbols")
    else:
        yield Check("strip", WARNING, "not found: bundle files are larger than need be", "install binutils")


def check_cache(folder: Path) -> Check:
    """The folder that bundle files unpack themselves into; when it is no good, they look for another one."""
    name, cure = "cache folder", "correct that, or set DAGFLOE_CACHE_DIR to another folder"
    place = _nearest(folder)
    what = f"{folder}" if place == folder else f"{folder}, which will be made in {place}"
    try:
        status = place.stat()
        if status.st_uid not in (os.geteuid(), 0):
            return Check(name, WARNING, f"{what}: it belongs to another user, {status.st_uid}", cure)
        if place == folder and status.st_mode & 0o022:
            mode = stat.S_IMODE(status.st_mode)
            return Check(name, WARNING, f"{what}: its mode {mode:03o} lets other users write", f"chmod go-w {folder}")
        if problem := _problem_of(place):
            return Check(name, WARNING, f"{what}: {problem}", cure)
    except OSError as error:
        return Check(name, WARNING, f"{what}: {error.strerror}", cure)
    return Check(name, OK, f"{what}, {_free_bytes(place) / 1e9:.1f} GB free")


def check_temporary(folder: Path) -> Check:
    """The folder for temporary files."""
    name, cure = "temporary folder", "correct that, or set TMPDIR to another folder"
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & 0o002 and not mode & stat.S_ISVTX:
            return Check(name, WARNING, f"{folder}: other users can remove files from it", f"chmod +t {folder}")
        if problem := _problem_of(folder):
            return Check(name, WARNING, f"{folder}: {problem}", cure)
    except OSError as error:
        return Check(name, FAILED, f"{folder}: {error.strerror}", cure)
    return Check(name, OK, f"{folder}, {_free_bytes(folder) / 1e9:.1f} GB free")


def libc_version() -> tuple[str, str]:
    """The C library's name and version; empty where it does not tell."""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (ValueError, OSError):
        name, version = "", ""
    return (name, version) if name else ("musl", "") if list(Path("/lib").glob("ld-musl-*")) else ("", "")


def _libc() -> Check:
    name, version = libc_version()
    if name:
        return Check("C library", OK, f"{name} {version}".strip())
    return Check("C library", WARNING, "neither glibc nor musl", "build bundle files on this host itself")


def _loopback() -> Check:
    """Open a port on the loopback address, and dial it, as supervisor and task do."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(_DEADLINE_S)
            with socket.create_connection(server.getsockname(), _DEADLINE_S):
                server.accept()[0].close()
    except OSError as error:
        text = f"a port of 127.0.0.1 cannot be opened and dialled: {error.strerror or error}"
        return Check("loopback", FAILED, text, "bring the interface lo up, and let processes use it")
    return Check("loopback", OK, "ports of 127.0.0.1 can be opened and dialled")


def _open_files() -> Check:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < _OPEN_FILES:
        return Check("open files", WARNING, f"at most {limit} for a process", f"ulimit -n {_OPEN_FILES} or more")
    return Check("open files", OK, "no limit" if limit == resource.RLIM_INFINITY else f"at most {limit} for a process")


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))


def _problem_of(folder: Path) -> str:
    """Why a program cannot be put into a folder and run there; empty when it can, which is tried."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return "it cannot be written"
    if _free_bytes(folder) < _ROOM_BYTES:
        return f"only {_free_bytes(folder) / 1e6:.0f} MB are free"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".dagfloe-doctor-") as name:
        script = Path(name, "try")
        script.write_text("#!/bin/sh\nexit 0\n")
        script.chmod(0o700)
        try:
            subprocess.run([str(script)], check=True, timeout=_DEADLINE_S, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError):
            return "no program can be run there: is it mounted noexec?"
    return ""


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free
