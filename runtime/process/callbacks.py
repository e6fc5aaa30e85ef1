"""Runs the callbacks of a task, one after the other: an exception in one is logged, and the next one runs."""

from __future__ import annotations

import logging
from logging import ERROR
from types import FunctionType

from dagfloe.authoring.parameters import bind, read_parameters
from dagfloe.client import Client
from dagfloe.errors import TaskCancelled
from dagfloe.model.context import Context
from dagfloe.runtime.process.ending import leave_if_forked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.authoring.dag import Task
    from dagfloe.authoring.scheduling.options import Callback
    from dagfloe.cancellation import Log

#: The logger of the messages about callbacks.
CALLBACK_LOGGER = "dagfloe.callbacks"


class CallbackRunner:
    """Runs callbacks of one task.

    Args:
        task: the task.
        context: its context.
        client: its client.
        pid: the id of the task's process.
        log: logs a message.
    """

    def __init__(self, task: Task, context: Context, client: Client, pid: int, log: Log) -> None:
        self._task = task
        self._injected: dict[type, object] = {Client: client, Context: context}
        self._pid = pid
        self._log = log

    def run(self, option: str, argument: object, *, lets_exit: bool = False) -> None:
        """Run the callbacks of one option.

        Args:
            option: the option, such as `on_success_callback`.
            argument: what the first parameter gets that is not injected: the context.
            lets_exit: whether `SystemExit` and the like leave a callback, as from the task itself.

        Raises:
            TaskCancelled: if a stop interrupts a callback.
            BaseException: what a callback raises with `lets_exit`, and which is no `Exception`.
        """
        for index, callback in enumerate(self._task.callbacks[option]):
            try:
                self._call(callback, argument)
            except BaseException as error:
                leave_if_forked(self._pid, self._log, error)
                if isinstance(error, TaskCancelled) or (lets_exit and not isinstance(error, Exception)):
                    raise
                self._log(ERROR, CALLBACK_LOGGER, f"The {option} number {index + 1} failed", error)
            else:
                leave_if_forked(self._pid, self._log)

    def _call(self, callback: Callback, argument: object) -> None:
        parameters = read_parameters(callback) if isinstance(callback, FunctionType) else ()
        if not any(parameter.injected for parameter in parameters):
            callback(argument)
            return
        injected = dict(self._injected)
        if any(parameter.injected is logging.Logger for parameter in parameters):
            injected[logging.Logger] = logging.getLogger(f"{self._task.dag_id}.{self._task.task_id}")
        free = [parameter.name for parameter in parameters if not (parameter.injected or parameter.star)][:1]
        args, kwargs = bind(parameters, injected, dict.fromkeys(free, argument), f"a callback of {self._task!r}")
        callback(*args, **kwargs)
