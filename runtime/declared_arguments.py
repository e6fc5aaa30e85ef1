"""Checks the arguments of tasks, and describes them for the manifest if Airflow can store them unchanged. Pure."""

from __future__ import annotations

from dagfloe.authoring.calls import outside_xcoms, xcom_args
from dagfloe.authoring.references import XComArg
from dagfloe.constants import RETURN_VALUE
from dagfloe.errors import RegistrationError
from dagfloe.values.jsonable import find_bad_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dagfloe.authoring.dag import Dag, Task

#: Airflow stores the arguments in the Dag. The bundle itself passes longer ones.
_MAX_LITERAL_LENGTH = 4096
_INT_LIMIT = 2**63
_MAX_DEPTH = 20


def check_arguments(dag: Dag, *, is_native: bool) -> None:
    """Check that the tasks of a Dag can get their arguments when they run.

    Args:
        dag: the Dag.
        is_native: whether it is a native Dag. The tasks of other Dags may get arguments from a stub Dag.

    Raises:
        RegistrationError: if a task cannot get an argument.
    """
    if is_native and (dag.outside_downstream or dag.outside_groups):
        raise RegistrationError(
            f"{dag!r} is native, so it has no tasks outside of the bundle: declare the order of its tasks with >>"
        )
    for task in dag.tasks.values():
        for argument in xcom_args(task.arguments or {}):
            if argument.key == RETURN_VALUE and dag.tasks[argument.task_id].declared.get("do_xcom_push") is False:
                raise RegistrationError(
                    f"{task!r} gets the return value of {argument.task_id!r}, which pushes none: remove its "
                    "do_xcom_push=False"
                )
        for outside in outside_xcoms(task.arguments or {}) if is_native else ():
            if outside.task_id not in dag.tasks:
                raise RegistrationError(
                    f"{task!r} gets an XCom of {outside.task_id!r}, which is not in the bundle, and a native Dag "
                    "has no other tasks: add the task to the bundle, or leave the Dag out of native-dags and deploy a "
                    "Dag file"
                )
            if task.task_id not in dag.reachable_from(outside.task_id):
                raise RegistrationError(
                    f"{task!r} gets an XCom of {outside.task_id!r} by dag.xcom, and does not run after it: pass what "
                    f"the call of {outside.task_id!r} returns"
                )
        if is_native and task.arguments is None:
            optional = ("injected", "has_default", "is_context_key")
            needed = [item.name for item in task.parameters if not any(getattr(item, name) for name in optional)]
            if needed:
                raise RegistrationError(
                    f"{task!r} needs an argument {needed[0]!r}, and a native Dag passes only what the bundle declares: "
                    "call the task in a `with dag:` block"
                )


def describe_arguments(task: Task) -> list[dict[str, Any]] | None:
    """The arguments of a task's call in the `with dag:` block, in the order of the parameters.

    Args:
        task: the task.

    Returns:
        The arguments; None without any, and if one of them is more than the return value of a task that is not
        mapped, or a JSON value that stays what it is in Airflow's database. The bundle itself binds those.
    """
    if not task.arguments or task.mapped is not None or any(parameter.star for parameter in task.parameters):
        return None
    described: list[dict[str, Any]] = []
    for parameter in task.parameters:
        if parameter.name not in task.arguments:
            continue
        value = task.arguments[parameter.name]
        if isinstance(value, XComArg):
            if value.key != RETURN_VALUE or value.is_mapped:
                return None
            described.append({"name": parameter.name, "kind": "xcom", "task_id": value.task_id})
        elif _is_stable(value) and len(repr(value)) <= _MAX_LITERAL_LENGTH:
            described.append({"name": parameter.name, "kind": "literal", "value": value})
        else:
            return None
    return described


def _is_stable(value: Any, depth: int = 0) -> bool:
    """Whether a value is the same after JSON, in any database. Databases may sort the keys of a dict."""
    kind = type(value)
    if value is None or kind is bool:
        return True
    if kind is int:
        return bool(-_INT_LIMIT <= value < _INT_LIMIT)
    if kind is float:
        return bool(value - value == 0)
    if kind is str:
        return "\0" not in value and find_bad_string(value) is None
    if depth == _MAX_DEPTH:
        return False
    if kind is list:
        return all(_is_stable(item, depth + 1) for item in value)
    if kind is not dict or not all(type(key) is str for key in value):
        return False
    return list(value) == sorted(value) and all(
        _is_stable(key) and _is_stable(item, depth + 1) for key, item in value.items()
    )
