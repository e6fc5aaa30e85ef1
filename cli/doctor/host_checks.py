"""Checks of what a host needs to run bundle files."""

from __future__ import annotations

import resource
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.build.cache_root import cache_root
from dagfloe.cli.doctor.c_library import libc_version
from dagfloe.cli.doctor.check import FAILED, OK, WARNING, Check
from dagfloe.cli.doctor.folder_checks import check_cache, check_temporary

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONNECT_TIMEOUT_S = 10.0
_MIN_OPEN_FILES = 256


def check_host() -> Iterator[Check]:
    """Check the folders, the C library, the loopback interface and the limits of this host."""
    yield check_cache(cache_root())
    yield check_temporary_folder()
    yield _check_c_library()
    yield check_loopback()
    yield _check_open_files()


def check_temporary_folder() -> Check:
    """Check the folder for temporary files, which Airflow needs, too."""
    try:
        return check_temporary(Path(tempfile.gettempdir()))
    except OSError:
        text = "no folder can be written, so neither Airflow nor dagfloe can start tasks here"
        return Check("temporary folder", FAILED, text, "mount a writable folder on /tmp, or set TMPDIR to one")


def _check_c_library() -> Check:
    name, version = libc_version()
    if name:
        return Check("C library", OK, f"{name} {version}".strip())
    return Check("C library", WARNING, "neither glibc nor musl", "build bundle files on this host")


def check_loopback() -> Check:
    """Listen on the loopback address and connect to it, as a supervisor and its task do."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(_CONNECT_TIMEOUT_S)
            with socket.create_connection(server.getsockname(), _CONNECT_TIMEOUT_S):
                server.accept()[0].close()
    except OSError as error:
        text = f"cannot connect to a port on 127.0.0.1: {error.strerror or error}"
        return Check("loopback", FAILED, text, "bring up the interface lo, and allow processes to use it")
    return Check("loopback", OK, "processes can connect to ports on 127.0.0.1")


def _check_open_files() -> Check:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return Check("open files", OK, "no limit")
    text = f"at most {limit} per process"
    if limit < _MIN_OPEN_FILES:
        return Check("open files", WARNING, text, f"raise the limit: ulimit -n {_MIN_OPEN_FILES}")
    return Check("open files", OK, text)
