"""Describes the machine and the versions of a measurement, without the machine's name or a path of it."""

from __future__ import annotations

import os
import platform
import re
from datetime import datetime, timezone
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

import dagfloe
from dagfloe.build.project import read_project
from dagfloe.build.python.interpreter import find_interpreter
from dagfloe.build.python.virtualenv import ensure_environment

if TYPE_CHECKING:
    from benchmarks.files import Files


def describe_machine(files: Files) -> dict[str, str]:
    """The machine's properties and the versions, by name."""
    project = read_project(files.small_project)
    environment = ensure_environment(project, find_interpreter(project), files.scratch).root
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "processor": processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "PyInstaller": version(environment, "pyinstaller"),
        "Airflow": version(files.airflow_python.parents[1], "apache-airflow"),
        "dagfloe": dagfloe.__version__,
    }


def processor() -> str:
    """The processor's name, from the kernel."""
    match = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    return match[1] if match else platform.machine()


def version(environment: Path, name: str) -> str:
    """The version of a distribution in an environment."""
    for folder in environment.glob("lib/python3*/site-packages"):
        for distribution in distributions(name=name, path=[str(folder)]):
            return distribution.version
    raise RuntimeError(f"the environment {environment.name} has no {name}")
