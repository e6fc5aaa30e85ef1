"""The supervisor schema version of a task under test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.build.pyproject import find_schema_version
from dagfloe.runtime.config import SCHEMA_VERSIONS
from dagfloe.testing.errors import MisuseError

if TYPE_CHECKING:
    from dagfloe.authoring.dag import Task


def choose_schema_version(airflow: str | None, task: Task | None) -> str:
    """Return the supervisor schema version that a task and its supervisor speak.

    Args:
        airflow: the oldest Airflow that is to run the task; None for the setting in its project's `pyproject.toml`.
        task: the task. Without one, the project is that of the current folder.

    Raises:
        MisuseError: if dagfloe does not support that Airflow.
        PackError: if the `pyproject.toml` cannot be read, or names an Airflow that dagfloe does not support.
    """
    if airflow is None:
        file = None if task is None else getattr(sys.modules.get(task.__module__), "__file__", None)
        return find_schema_version(Path.cwd() if file is None else Path(file).absolute().parent)
    if airflow not in SCHEMA_VERSIONS:
        expected = " or ".join(map(repr, SCHEMA_VERSIONS))
        raise MisuseError(f"airflow is {airflow!r}, expected {expected}: the oldest Airflow that is to run the task")
    return SCHEMA_VERSIONS[airflow]
