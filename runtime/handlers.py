"""Declares the bundle's task handlers: what Airflow may compare with the stub tasks of a Dag file. Pure.

The Dag processor asks for them with `TaskHandlerParseRequest` at every parse of a Dag file with stub tasks. The build
writes the answer into the bundle file, and so no author's module is imported for it.
"""

from __future__ import annotations

from dagfloe.values.accepted import accepted_schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.authoring.bundle import Bundle
    from dagfloe.authoring.dag import Dag, Task
    from dagfloe.messages.v2026_10_30 import TaskHandlerDeclaration, TaskHandlerParam
    from dagfloe.runtime.config import BundleConfig


def declare_handlers(config: BundleConfig, bundle: Bundle) -> dict[str, list[TaskHandlerDeclaration]]:
    """Declare the task handlers of all Dags that are not native, for `TaskHandlerParsingResult.task_handlers`.

    Args:
        config: the bundle's configuration.
        bundle: the bundle.

    Returns:
        The declarations by dag_id; those of a Dag are in the order of registration.
    """
    return {dag_id: declare_dag(dag) for dag_id, dag in sorted(bundle.dags.items()) if not config.is_native(dag_id)}


def declare_dag(dag: Dag) -> list[TaskHandlerDeclaration]:
    """Declare the task handlers of one Dag, in the order of registration.

    Args:
        dag: the Dag.
    """
    return [
        {"task_id": task_id, "binding": "named", "params": _list_params(task)} for task_id, task in dag.tasks.items()
    ]


def _list_params(task: Task) -> list[TaskHandlerParam] | None:
    """The arguments that a stub passes to the task; None if it cannot be listed.

    A stub passes nothing to a task whose arguments come from the `with dag:` block, or are all left to their defaults.
    Airflow would warn of every parameter, at every parse.
    """
    free = [parameter for parameter in task.parameters if not (parameter.injected or parameter.is_context_key)]
    if not free:
        return []
    is_bound_here = task.arguments is not None or task.mapped is not None
    if is_bound_here or any(parameter.star for parameter in free) or all(parameter.has_default for parameter in free):
        return None
    return [
        {
            "name": parameter.name,
            "value_schema": accepted_schema(parameter.annotation, parameter.resolve),
            "exact_name": True,
        }
        for parameter in free
    ]
