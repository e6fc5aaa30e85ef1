"""What a frozen file's manifest says about the task to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.errors import DagfloeError
from dagfloe.local.schema_version import served_schema_version
from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION
from dagfloe.testing.errors import MisuseError

if TYPE_CHECKING:
    from pathlib import Path


def find_dag_id(file: Path, task_id: str) -> str:
    """The one Dag of a bundle file that has a task.

    Raises:
        MisuseError: when none or several have it, or it is no bundle file.
    """
    try:
        dags = _read_manifest(file)["dags"]
    except (DagfloeError, KeyError) as error:
        raise MisuseError(f"{file} is no bundle file that can be run: {error}") from error
    having = [dag_id for dag_id, dag in dags.items() if task_id in dag["tasks"]]
    if len(having) == 1:
        return str(having[0])
    known = ", ".join(f"{dag_id}: {', '.join(dag['tasks'])}" for dag_id, dag in dags.items())
    raise MisuseError(
        f"{file} has the task {task_id!r} in {len(having)} Dags: name one that it has, or give dag_id ({known})"
    )


def find_file_schema_version(file: Path) -> str:
    """The supervisor schema version to speak with a file: its manifest's, or the default one without a manifest.

    A program without a manifest is run all the same, so that its failure and its output are in the result.
    """
    try:
        return served_schema_version(_read_manifest(file))
    except (DagfloeError, KeyError, TypeError):
        return DEFAULT_SCHEMA_VERSION


def _read_manifest(file: Path) -> dict[str, Any]:
    from dagfloe.format.bundle_file import read_bundle  # noqa: PLC0415 - loads YAML

    return read_bundle(file).manifest
