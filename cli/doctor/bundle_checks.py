"""Checks of one bundle file: whether it is intact, whether this host meets its needs, and whether it starts."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from dagfloe.build.child_process import run_captured
from dagfloe.build.host.floor import describe_floor
from dagfloe.cli.bundle_floor import bundle_floor
from dagfloe.cli.doctor.c_library import libc_version
from dagfloe.cli.doctor.check import FAILED, OK, WARNING, Check
from dagfloe.cli.show.terminal_text import to_one_line
from dagfloe.cli.startup_budget import SLOW_START_CURE, STARTUP_BUDGET_S
from dagfloe.format.bundle_file import read_bundle, verify_bundle
from dagfloe.format.errors import FreezeError, PackError
from dagfloe.format.manifest import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dagfloe.format.bundle_file import BundleFile

_START_TIMEOUT_S = 60.0
#: The exit status of a launcher that cannot start the program; the same as in launcher.h.
_EXIT_CANNOT_RUN = 126
#: A launcher prints one line for each cache folder that it tried, and a last one.
_MAX_LINES = 10
#: A part of the launcher's line about a cache folder that somebody chose.
_SKIPPED = " is not used: "
#: The flags that make a bundle file print its metadata. The first is dagfloe's; other SDKs have either.
_METADATA_FLAGS = ("--bundle-metadata", "--airflow-metadata")


def check_bundle_file(path: Path) -> Iterator[Check]:
    """Check a bundle file, and start it to read its metadata. At its first start it unpacks itself into the cache."""
    try:
        bundle = read_bundle(path)
        verify_bundle(bundle)
    except PackError as error:
        yield Check("bundle file", FAILED, to_one_line(str(error)), "rebuild it, or copy it again")
        return
    yield Check("bundle file", OK, f"{path} is intact")
    if problem := host_problem(bundle):
        yield Check("requirements", FAILED, problem, "build it on a host as old as this one, with the same processor")
        return
    floor = bundle_floor(bundle)
    yield Check("requirements", OK, describe_floor(floor) if floor else "the file does not state any")
    if not os.access(path, os.X_OK):
        yield Check("startup", FAILED, "the file is not executable", f"chmod +x {path}")
        return
    yield from check_startup(path, sorted(map(str, bundle.manifest["dags"])), is_ours=is_ours(bundle.manifest))


def host_problem(bundle: BundleFile) -> str:
    """Return which need of a bundle file this host does not meet, or an empty string."""
    floor = bundle_floor(bundle) or {}
    if floor.get("os", sys.platform) != sys.platform:
        return f"the file is for {floor['os']}, and this host runs {sys.platform}"
    machine = platform.machine()
    if floor.get("architecture", machine) != machine:
        return f"the file is for {floor['architecture']}, and this host is {machine}"
    libc, version = libc_version()
    if floor.get("libc", "none") not in ("none", libc):
        return f"the file needs {floor['libc']}, and this host has {libc or 'another C library'}"
    if _is_newer(floor.get("libc_version", ""), version):
        return f"the file needs {libc} {floor['libc_version']} or newer, and this host has {version}"
    return ""


def _is_newer(version: str, other: str) -> bool:
    """Whether a version is newer than another. No version is newer than an unknown one."""
    try:
        return Version(str(version)) > Version(other)
    except InvalidVersion:
        return False


def check_startup(path: Path, dag_ids: list[str], *, is_ours: bool) -> Iterator[Check]:
    """Start a bundle file for its metadata.

    Args:
        path: the file.
        dag_ids: the Dags in its manifest, sorted.
        is_ours: whether dagfloe wrote it. Another SDK may have no flag for that, so its failure is a warning.

    Yields:
        The result of the start, and then a warning for each cache folder that was chosen and cannot be used.
    """
    problem = ""
    for flag in _METADATA_FLAGS[: 1 if is_ours else None]:
        start = time.monotonic()
        try:
            command = [str(path.absolute()), flag]
            status, stdout, stderr = run_captured(
                "the bundle file", command, timeout_s=_START_TIMEOUT_S, env=os.environ
            )
            if status:
                problem = f"exit status {status}: {_reason(status, stderr)}"
            elif sorted(json.loads(stdout)["dags"]) == dag_ids:
                yield _check_startup_time(time.monotonic() - start, dag_ids)
                yield from _skipped_folders(stderr)
                return
            else:
                problem = "its metadata does not list the Dags of its manifest"
        except FreezeError as error:
            problem = str(error)
        except Exception:  # noqa: BLE001 - another SDK's program may print anything
            problem = "what it prints is not metadata"
    cure = f"run it with {_METADATA_FLAGS[0]} to see its whole output"
    yield Check("startup", FAILED if is_ours else WARNING, to_one_line(problem), cure)


def _reason(status: int, stderr: str) -> str:
    """Return why a start failed: the last line, or all lines of a launcher that could not start the program."""
    lines = [line for line in stderr.strip().splitlines() if line] or ["no error message"]
    return "; ".join(lines[-_MAX_LINES:] if status == _EXIT_CANNOT_RUN else lines[-1:])


def _skipped_folders(stderr: str) -> Iterator[Check]:
    for line in stderr.splitlines():
        if _SKIPPED in line:
            yield Check(
                "cache folder", WARNING, to_one_line(line), "fix it, or set DAGFLOE_CACHE_DIR to another folder"
            )


def _check_startup_time(seconds: float, dag_ids: list[str]) -> Check:
    text = f"{seconds:.1f} s to print its metadata; Dags: {to_one_line(', '.join(dag_ids))}"
    if seconds > STARTUP_BUDGET_S:
        return Check("startup", WARNING, text, SLOW_START_CURE)
    return Check("startup", OK, text)
