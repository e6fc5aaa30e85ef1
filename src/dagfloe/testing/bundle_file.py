"""Reads from a frozen file's manifest how to run a task."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.constants import BUNDLE_FILE_VARIABLE
from dagfloe.errors import DagfloeError
from dagfloe.local.schema_version import served_schema_version
from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION
from dagfloe.testing.errors import MisuseError

if TYPE_CHECKING:
    from dagfloe.authoring.dag import Task


def find_dag_id(file: Path, task_id: str) -> str:
    """Return the only Dag of a bundle file that has a task.

    Raises:
        MisuseError: if no Dag or several Dags have it, or if it is not a bundle file.
    """
    try:
        dags = _read_manifest(file)["dags"]
    except (DagfloeError, KeyError) as error:
        raise MisuseError(f"the Dag of the task {task_id!r} cannot be read from the file: {error}") from error
    dag_ids = [dag_id for dag_id, dag in dags.items() if task_id in dag["tasks"]]
    if len(dag_ids) == 1:
        return str(dag_ids[0])
    tasks = ", ".join(f"{dag_id}: {', '.join(dag['tasks'])}" for dag_id, dag in dags.items())
    raise MisuseError(
        f"{file} has the task {task_id!r} in {len(dag_ids)} Dags: name a task that it has, or add dag_id ({tasks})"
    )


def find_file_schema_version(file: Path) -> str:
    """Return the supervisor schema version to speak with a file: that of its manifest, or else the default one.

    A program without a manifest runs all the same, so that the result has its failure and its output.
    """
    try:
        return served_schema_version(_read_manifest(file))
    except (DagfloeError, KeyError, TypeError):
        return DEFAULT_SCHEMA_VERSION


def find_tested_file(task: Task) -> Path | None:
    """Return the bundle file that `dagfloe build --check` tests; None outside of a build, and if it lacks the task.

    Raises:
        DagfloeError: if it is not a bundle file.
    """
    name = os.environ.get(BUNDLE_FILE_VARIABLE)
    if not name:
        return None
    dag = _read_manifest_once(name)["dags"].get(task.dag_id)
    return Path(name) if dag and task.task_id in dag["tasks"] else None


@lru_cache(maxsize=1)
def _read_manifest_once(name: str) -> dict[str, Any]:
    return _read_manifest(Path(name))


def _read_manifest(file: Path) -> dict[str, Any]:
    from dagfloe.format.bundle_file import read_bundle  # noqa: PLC0415 - loads YAML

    return read_bundle(file).manifest
