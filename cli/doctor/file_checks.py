"""Whether a host runs a bundle file: what `dagfloe doctor FILE` and the look into Airflow's folders find out."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from typing import TYPE_CHECKING

from dagfloe.build.child_process import run_captured
from dagfloe.build.host.floor import describe_floor
from dagfloe.cli.commands.inspect import find_host
from dagfloe.cli.doctor.host_checks import FAILED, OK, WARNING, Check, libc_version
from dagfloe.cli.show.terminal_text import one_line
from dagfloe.cli.startup_budget import START_CURE, STARTUP_BUDGET_S
from dagfloe.format.bundle_file import read_bundle, verify_bundle
from dagfloe.format.errors import FreezeError, PackError
from dagfloe.format.manifest import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dagfloe.format.bundle_file import BundleFile

_START_TIMEOUT_S = 60.0
#: How a bundle file is asked for its metadata: the first is dagfloe's.
_FLAGS = ("--bundle-metadata", "--airflow-metadata")


def check_file(path: Path) -> Iterator[Check]:
    """Look at a bundle file, and start it as a host would: it unpacks itself into the cache."""
    try:
        bundle = read_bundle(path)
        verify_bundle(bundle)
    except PackError as error:
        yield Check("bundle file", FAILED, one_line(str(error)), "build it again, or copy it again")
        return
    yield Check("bundle file", OK, f"{path} is intact")
    problem = problem_on_host(bundle)
    if problem:
        yield Check("its host", FAILED, problem, "build it on a host as old as this one, with its processor")
        return
    floor = find_host(bundle)
    yield Check("its host", OK, f"it needs {describe_floor(floor)}" if floor else "it tells nothing of what it needs")
    if not os.access(path, os.X_OK):
        yield Check("its start", FAILED, "it is not executable", f"chmod +x {path}")
        return
    yield _check_start(path, sorted(map(str, bundle.manifest["dags"])), is_ours=is_ours(bundle.manifest))


def problem_on_host(bundle: BundleFile) -> str:
    """Why this host cannot run it, by what it needs; empty when nothing speaks against it."""
    floor = find_host(bundle) or {}
    if floor.get("os", sys.platform) != sys.platform:
        return f"it is for {floor['os']}, and this is {sys.platform}"
    machine = platform.machine()
    if floor.get("architecture", machine) != machine:
        return f"it is for {floor['architecture']}, and this host is {machine}"
    name, version = libc_version()
    if floor.get("libc", "none") not in ("none", name):
        return f"it needs {floor['libc']}, and this host has {name or 'another C library'}"
    if _numbers(floor.get("libc_version", "")) > _numbers(version):
        return f"it needs {name} {floor['libc_version']} or newer, and this host has {version}"
    return ""


def _check_start(path: Path, dag_ids: list[str], *, is_ours: bool) -> Check:
    """Ask a bundle file for its metadata; those of other SDKs may have another flag for it, or none."""
    name, cure = "its start", f"start it with {_FLAGS[0]} to see all that it says"
    last = "it does not tell the Dags of its manifest"
    for flag in _FLAGS[: 1 if is_ours else None]:
        began = time.monotonic()
        try:
            command = [str(path.absolute()), flag]
            status, stdout, stderr = run_captured(
                "the bundle file", command, timeout_s=_START_TIMEOUT_S, env=os.environ
            )
            if status == 0 and sorted(json.loads(stdout)["dags"]) == dag_ids:
                return _in_time(name, time.monotonic() - began, dag_ids)
            last = f"status {status}: {(stderr.strip().splitlines() or [last])[-1]}"
        except FreezeError as error:
            last = str(error)
        except (ValueError, KeyError, TypeError):
            last = "what it tells is no metadata"
    return Check(name, FAILED if is_ours else WARNING, one_line(last), cure)


def _in_time(name: str, seconds: float, dag_ids: list[str]) -> Check:
    text = f"{seconds:.1f} s until it has told its Dags: {one_line(', '.join(dag_ids))}"
    if seconds > STARTUP_BUDGET_S:
        return Check(name, WARNING, text, START_CURE)
    return Check(name, OK, text)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
