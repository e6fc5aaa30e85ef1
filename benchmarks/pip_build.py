"""Builds a project as dagfloe did before it used uv: for comparison.

`python -m benchmarks.pip_build bundles/weather --output FOLDER`

The environment is made by `python -m venv` and pip, and PyInstaller's analysis reads everything.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.build import pack
from dagfloe.build.cache_root import cache_root
from dagfloe.build.child_process import run_step
from dagfloe.build.freeze import quick_scan
from dagfloe.build.freshness import BuildPlan
from dagfloe.build.project import read_project
from dagfloe.build.python.virtualenv import Environment, bundle_requirements

if TYPE_CHECKING:
    from dagfloe.build.project import Project
    from dagfloe.build.python.interpreter import Interpreter

TIMEOUT_S = 1800


class NoProgress:
    """Shows nothing."""

    def step(self, name: str, /) -> None:
        """A step begins."""

    def output(self, line: str, /) -> None:
        """A program prints a line."""


def install_with_pip(project: Project, interpreter: Interpreter, work: Path, **_: Any) -> Environment:
    """Make an environment with venv and pip."""
    environment = Environment(cache_root() / "environments" / f"{project.file_name}-pip", interpreter)
    venv = [str(interpreter.executable), "-I", "-m", "venv", str(environment.root)]
    run_step("making the environment", venv, work / "environment.log", timeout_s=TIMEOUT_S)
    pip = [str(environment.python), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    requirements = sorted(map(str, (*project.dependencies, *bundle_requirements())))
    run_step("installing", [*pip, *requirements], work / "environment.log", timeout_s=TIMEOUT_S)
    environment.stamp.write_text(json.dumps({}))
    return environment


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scan = Path(folder, "scan.py")
        scan.write_text("def install():\n    pass\n")
        quick_scan.__file__ = str(scan)
        vars(pack)["ensure_environment"] = install_with_pip
        plan = BuildPlan(read_project(options.project), options.output, one_file=False)
        print(pack.build_bundle(plan, NoProgress()).path)


if __name__ == "__main__":
    main()
