"""Runs a project without freezing it, in its own environment."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dagfloe.build.child_process import NO_BYTECODE
from dagfloe.build.freeze.stage import stage
from dagfloe.build.project import read_project
from dagfloe.build.python.interpreter import find_interpreter
from dagfloe.build.python.virtualenv import ensure_environment
from dagfloe.build.work_folder import work_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class LaunchCommand:
    """The command that starts a bundle file, or a project as if it were one.

    Attributes:
        argv: the program and its first arguments; a bundle's flags follow.
        env: all its environment variables.
    """

    argv: tuple[str, ...]
    env: dict[str, str]


@contextmanager
def prepare_project(
    path: Path, report: Callable[[str], None], *, python: str = "", upgrade: bool = False
) -> Iterator[LaunchCommand]:
    """Make a project ready to run. The end of the block deletes the temporary files.

    Args:
        path: the project's folder.
        report: called with the name of a step that may take long.
        python: the version or the path of the Python to run it with; by default the project's choice.
        upgrade: whether to look for newer versions of the dependencies.

    Raises:
        PackError: if the project's settings are wrong, or its environment cannot be made.
    """
    project = read_project(path)
    project = replace(project, python=python or project.python)
    interpreter = find_interpreter(project)
    with work_folder("run", project.file_name) as work:
        report(f"preparing the environment of {project.name}")
        environment = ensure_environment(project, interpreter, work, upgrade=upgrade)
        entry = stage(project, interpreter, work / "stage")
        dropped = ("PYTHON", "VIRTUAL_ENV")
        env = {name: os.environ[name] for name in os.environ if name == NO_BYTECODE or not name.startswith(dropped)}
        env["PYTHONPATH"] = os.pathsep.join((str(entry.parent), str(project.source_root)))
        env["PYTHONNOUSERSITE"] = "1"
        yield LaunchCommand((str(environment.python), str(entry)), env)
