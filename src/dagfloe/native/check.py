"""Refuses native Dags that Airflow would refuse, and those that it would take and fail with.

Airflow checks little of the Dags that a file returns. A wrong type ends its scheduler, a cron expression without a
date ends a request, and a file with one Dag that it refuses loses all its Dags. So the build refuses them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.format.declarations import declaration, is_native
from dagfloe.format.errors import NativeDagError
from dagfloe.native.rules.assets import asset_problems
from dagfloe.native.rules.dag import dag_problems
from dagfloe.native.rules.graph import graph_problems
from dagfloe.native.rules.params import param_problems
from dagfloe.native.rules.schedule import schedule_problems
from dagfloe.native.rules.tasks import task_problems
from dagfloe.native.rules.values import value_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHOWN = 10


def check_bundle(manifest: Mapping[str, Any]) -> None:
    """Check all native Dags of a bundle.

    Args:
        manifest: the manifest of a bundle file, or the metadata of a project. It must follow the schema.

    Raises:
        NativeDagError: if Airflow would refuse a Dag, or fail with it. The message names every problem.
    """
    native = (dag_id for dag_id in manifest["dags"] if is_native(manifest, dag_id))
    _raise([problem for dag_id in native for problem in problems(manifest, dag_id)])


def check_dag(manifest: Mapping[str, Any], dag_id: str) -> None:
    """Check a Dag as a native Dag.

    Args:
        manifest: the manifest of a bundle file, or the metadata of a project. It must follow the schema.
        dag_id: one of its Dags.

    Raises:
        NativeDagError: if Airflow would refuse the Dag, or fail with it. The message names every problem.
    """
    _raise(list(problems(manifest, dag_id)))


def problems(manifest: Mapping[str, Any], dag_id: str) -> Iterator[str]:
    """Describe everything for which Airflow would refuse a Dag, or fail with it. Arguments are those of `check_dag`."""
    declared = declaration(manifest, dag_id)
    where = f"Dag {dag_id!r}"
    if declared is None:
        yield f"{where}: the manifest does not declare it: build the bundle with this version of dagfloe"
        return
    tasks = {task_id: declared["tasks"].get(task_id, {}) for task_id in manifest["dags"][dag_id]["tasks"]}
    damaged = list(value_problems(where, {"dag_id": dag_id, "tasks": list(tasks), "declaration": declared}))
    if damaged:  # other checks could fail with such values
        yield from damaged
        return
    yield from dag_problems(where, dag_id, declared, tasks)
    yield from schedule_problems(where, declared)
    yield from param_problems(where, declared)
    yield from asset_problems(where, declared, tasks)
    yield from graph_problems(where, declared, tasks)
    yield from task_problems(where, declared, tasks)


def _raise(found: list[str]) -> None:
    if found:
        more = [f"and {len(found) - _SHOWN} more problems"] if len(found) > _SHOWN else []
        raise NativeDagError("\n".join([*found[:_SHOWN], *more]))
