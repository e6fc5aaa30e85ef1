"""Checks the native Dags of a bundle, and serializes them for Airflow's Dag processor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.build.dag_processor.answers import pack_answers
from dagfloe.format.errors import PackError
from dagfloe.format.manifest import validate_manifest
from dagfloe.native.check import check_bundle
from dagfloe.native.serialized_dag import serialize_dag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


def serialize_answers(metadata: Mapping[str, Any]) -> bytes:
    """The answers to a Dag processor, with the native Dags.

    Args:
        metadata: the metadata of the bundle.
    """
    return pack_answers(metadata, [serialize_dag(metadata, dag_id) for dag_id in _native_dag_ids(metadata)])


def _native_dag_ids(metadata: Mapping[str, Any]) -> Iterator[str]:
    return (dag_id for dag_id, dag in sorted(metadata["dags"].items()) if dag.get("is_native"))
