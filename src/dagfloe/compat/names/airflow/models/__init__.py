"""What task functions import from `airflow.models`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.authoring.scheduling.params import Param
    from dagfloe.compat.authoring import DAG, BaseOperator
    from dagfloe.compat.connections import Connection
    from dagfloe.compat.objects.dag_run import DagRun
    from dagfloe.compat.objects.task_instance import RuntimeTaskInstance as TaskInstance
    from dagfloe.compat.variables import ModelVariable as Variable

__all__ = [
    "DAG",
    "BaseOperator",
    "Connection",
    "DagRun",
    "Param",
    "TaskInstance",
    "Variable",
]
#: The module and the attribute of each name, imported on first use: every task pays for imports.
_LAZY = {
    "BaseOperator": ("dagfloe.compat.authoring", "BaseOperator"),
    "Connection": ("dagfloe.compat.connections", "Connection"),
    "DAG": ("dagfloe.compat.authoring", "DAG"),
    "DagRun": ("dagfloe.compat.objects.dag_run", "DagRun"),
    "Param": ("dagfloe.authoring.scheduling.params", "Param"),
    "TaskInstance": ("dagfloe.compat.objects.task_instance", "RuntimeTaskInstance"),
    "Variable": ("dagfloe.compat.variables", "ModelVariable"),
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    value = globals()[name] = getattr(__import__(module, fromlist=[attribute]), attribute)
    return value
