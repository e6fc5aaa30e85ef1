"""Checks the native Dags of a bundle, and serializes them for Airflow's Dag processor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.build.dag_processor.answers import pack_answers
from dagfloe.format.errors import PackError
from dagfloe.format.manifest import validate_manifest
from dagfloe.native.bundle import serialize_dags
from dagfloe.native.check import check_bundle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.build.project import Project


def check_native_dags(project: Project, metadata: Mapping[str, Any]) -> None:
    """Refuse native Dags that do not exist, or that Airflow would refuse or fail with.

    Args:
        project: the project.
        metadata: the metadata of its bundle.

    Raises:
        PackError: if `native-dags` names a Dag that the bundle does not have, or a native Dag has a problem.
    """
    if not isinstance(project.native_dags, bool):
        unknown = [dag_id for dag_id in project.native_dags if dag_id not in metadata["dags"]]
        if unknown:
            raise PackError(
                f"{project.pyproject}: [tool.dagfloe] native-dags names {unknown[0]!r}, and the bundle has no such "
                f"Dag: its Dags are {', '.join(sorted(metadata['dags']))}"
            )
    validate_manifest(dict(metadata))
    check_bundle(metadata)


def serialize_answers(project: Project, metadata: Mapping[str, Any]) -> bytes:
    """The answers to a Dag processor, with the native Dags unless the program makes these at each parse.

    Args:
        project: the project.
        metadata: the metadata of its bundle.
    """
    return pack_answers(metadata, None if project.makes_dags_at_parse else serialize_dags(metadata))
