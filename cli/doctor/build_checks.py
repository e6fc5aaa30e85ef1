"""Checks of what a host needs to build bundle files, in addition to what it needs to run them."""

from __future__ import annotations

import platform
import shutil
import sys
import sysconfig
from typing import TYPE_CHECKING

from dagfloe.build.launcher import find_launcher
from dagfloe.build.python.interpreter import SUPPORTED
from dagfloe.build.python.uv import find_uv
from dagfloe.cli.doctor.check import FAILED, OK, WARNING, Check
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_build() -> Iterator[Check]:
    """Check Python, its shared library and its modules, the launcher, and the tools of a build."""
    yield _check_python()
    yield _check_shared_library()
    yield _check_uv()
    yield _check_launcher()
    yield _check_strip()


def _check_python() -> Check:
    version = platform.python_version()
    if f"{sys.version_info.major}.{sys.version_info.minor}" in SUPPORTED:
        return Check("Python", OK, f"{version}, {sys.executable}")
    cure = f"install Python {', '.join(SUPPORTED[:-1])} or {SUPPORTED[-1]}, and put it on PATH"
    return Check("Python", WARNING, f"{version} is not supported", cure)


def _check_shared_library() -> Check:
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        return Check("libpython", OK, "this Python has the shared library that PyInstaller needs")
    return Check(
        "libpython",
        FAILED,
        "this Python has no shared library, so PyInstaller cannot freeze it",
        "install a Python that has one: your distribution's, or one configured with --enable-shared",
    )


def _check_uv() -> Check:
    try:
        return Check("uv", OK, f"makes the environments of bundles, {find_uv()}")
    except PackError:
        return Check("uv", FAILED, "not found, so no environment can be made", "install the package uv from PyPI")


def _check_launcher() -> Check:
    if find_launcher():
        return Check("launcher", OK, "this installation has one")
    missing = "a static C library" if shutil.which("cc") or shutil.which("gcc") else "a C compiler"
    return Check(
        "launcher",
        WARNING,
        "this installation has none, so bundle files unpack themselves at every start",
        "install dagfloe from a wheel for this platform; or "
        f"install {missing}, for example from the packages gcc and libc6-dev, and reinstall dagfloe",
    )


def _check_strip() -> Check:
    if shutil.which("strip"):
        return Check("strip", OK, "removes debugging symbols from bundle files")
    return Check("strip", WARNING, "not found, so bundle files are larger than necessary", "install binutils")
