"""The callbacks of a task: functions that run in the task's process when it begins or ends."""

from __future__ import annotations

from types import FunctionType

from dagfloe.authoring.parameters import describe_function, read_parameters
from dagfloe.authoring.scheduling.options import CALLBACK_OPTIONS
from dagfloe.coroutines import is_asynchronous
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dagfloe.authoring.scheduling.options import Callback

#: The options of Airflow's Dags for callbacks, which run in the Dag processor.
DAG_CALLBACK_OPTIONS = ("on_failure_callback", "on_success_callback", "sla_miss_callback")


def take_callbacks(options: dict[str, object], task_id: str) -> dict[str, tuple[Callback, ...]]:
    """Remove the callbacks from the options of a task, and return them by option.

    Args:
        options: all options of the task.
        task_id: the task, for error messages.

    Raises:
        RegistrationError: if a callback cannot be called with the context.
    """
    found: dict[str, tuple[Callback, ...]] = {}
    for name in CALLBACK_OPTIONS:
        value = options.pop(name, None)
        if value is None:
            continue
        callbacks: tuple[object, ...] = tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else (value,)
        found[name] = tuple(_check(callback, f"the {name} of task {task_id!r}") for callback in callbacks)
    return found


def refuse_dag_callbacks(options: Mapping[str, object], owner: str) -> None:
    """Refuse the callbacks of a Dag.

    Raises:
        RegistrationError: if a Dag has a callback; the message says what to use instead.
    """
    for name in DAG_CALLBACK_OPTIONS:
        if options.get(name) is not None:
            instead = (
                "use a DeadlineAlert"
                if name == "sla_miss_callback"
                else f"give its tasks an {name}, add a last task with a trigger_rule such as 'one_failed' or "
                "'all_success', or set a notifier in a stub Dag that you write by hand"
            )
            raise RegistrationError(
                f"{owner} has the option {name!r}: Airflow runs the callbacks of Dags in its Dag processor, which "
                f"cannot call the functions of a bundle; {instead}"
            )


def _check(callback: Any, name: str) -> Callback:
    if not callable(callback):
        raise RegistrationError(f"{name} is {callback!r}, expected a function, or a list of functions")
    if is_asynchronous(callback):
        raise RegistrationError(f"{name} is asynchronous: define it with `def`, as for Airflow")
    if isinstance(callback, FunctionType):
        parameters = read_parameters(callback)
        free = [one for one in parameters if not (one.injected or one.has_default)]
        if not parameters or len(free) > 1:
            raise RegistrationError(
                f"{name}, {describe_function(callback)}, takes "
                f"{'no argument' if not parameters else f'{len(free)} arguments'}: it is called with the context"
            )
    checked: Callback = callback
    return checked
