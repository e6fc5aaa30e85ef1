"""Runs one task and says how it ended. Sends what belongs to it through the client, and never the terminal message."""

from __future__ import annotations

import logging

from dagfloe.constants import RETURN_VALUE
from dagfloe.errors import (
    BindingError,
    DagfloeError,
    TaskAwaitingInput,
    TaskCancelled,
    TaskDeferred,
    TaskFailed,
    TaskRescheduled,
    TaskSkipped,
)
from dagfloe.model.context import running
from dagfloe.runtime.binding import Binder
from dagfloe.runtime.config import SCHEMA_VERSIONS
from dagfloe.runtime.wire.messages import (
    TRIGGER_FAILED_METHOD,
    awaiting_input,
    deferred,
    ended,
    rescheduled,
    retry,
    succeeded,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Any

    from dagfloe.authoring.bundle import Bundle
    from dagfloe.authoring.dag import Task
    from dagfloe.authoring.parameters import Parameter
    from dagfloe.cancellation import Cancellation
    from dagfloe.client import Client
    from dagfloe.masking import Secrets
    from dagfloe.runtime.wire.messages import Startup

    Limit = Callable[[float, Cancellation], AbstractContextManager[object]]

log = logging.getLogger("dagfloe.task")


class TaskRunner:
    """Runs the task that the supervisor asked for.

    Args:
        bundle: where the task is registered.
        startup: what the supervisor said of it.
        client: what the task may use; all that belongs to it goes through it.
        secrets: masked in the reason of a retry.
        limit: makes a `with` block in which the task is told when its time, in seconds, is over.
    """

    def __init__(self, bundle: Bundle, startup: Startup, client: Client, secrets: Secrets, limit: Limit) -> None:
        self._bundle = bundle
        self._startup = startup
        self._context = startup.context
        self._client = client
        self._secrets = secrets
        self._limit = limit

    def run(self) -> dict[str, Any]:
        """Run the task, and push what it returns.

        Returns:
            The one terminal message.
        """
        context = self._context
        task = self._bundle.find(context.dag_id, context.task_id)
        if task is None:
            registered = {dag_id: sorted(dag.tasks) for dag_id, dag in self._bundle.dags.items()}
            log.error(
                "Task %r of Dag %r is not in this bundle: does the stub Dag belong to another version of it?",
                context.task_id,
                context.dag_id,
                extra={"registered": registered},
            )
            return ended("removed")
        if not _is_uuid(context.ti.id):
            log.error("The task instance's id is no UUID: %r", context.ti.id)
            return ended("failed")
        try:
            try:
                self._prepare(task)
                return self._succeed(task, self._call(task))
            except (TaskDeferred, TaskAwaitingInput, TaskRescheduled) as outcome:
                return self._suspend(task, outcome)
        except TaskSkipped as outcome:
            reason = _message(outcome)
            log.info("Task skipped%s", f": {reason}" if reason else "")
            return self._end("skipped")
        except TaskFailed as outcome:
            log.error("Task failed, and is not retried: %s", _message(outcome), exc_info=outcome)
            return self._end("failed")
        except TaskCancelled as outcome:
            log.error("Task stopped: %s", outcome, exc_info=outcome)
            return self._end("failed")
        except BaseException as error:  # noqa: BLE001 - SystemExit and the like are failures of the task, too
            return self._fail(task, error)

    def _prepare(self, task: Task) -> None:
        if self._startup.next_method == TRIGGER_FAILED_METHOD:
            _raise_trigger_failure(self._startup.next_kwargs)
        for key in self._startup.xcom_keys_to_clear:
            self._client.xcom.delete(key)
        if task.inlets or task.outlets:
            self._client.assets.validate()

    def _call(self, task: Task) -> object:
        function, parameters, resumed = self._function(task)
        binder = Binder(task, self._context, self._client)
        args, kwargs = binder.bind(parameters, self._startup.arg_bindings, resumed)
        cancellation = self._context.cancellation
        with running(self._context):
            if task.execution_timeout_s is None:
                return _armed(cancellation, function, args, kwargs)
            if self._startup.schema_version >= SCHEMA_VERSIONS["3.4"]:
                # Should this process no longer be able to stop by itself, the supervisor ends it.
                self._client.task_instances.set_execution_timeout(task.execution_timeout_s)
            with self._limit(task.execution_timeout_s, cancellation):
                return _armed(cancellation, function, args, kwargs)

    def _function(self, task: Task) -> tuple[Callable[..., object], tuple[Parameter, ...], dict[str, Any] | None]:
        """What to call: the task's function, or the one that it resumes in, and what that was handed on."""
        name = self._startup.next_method
        if name is None:
            return task.function, task.parameters, None
        from dagfloe.values.serde import decode  # noqa: PLC0415 - few tasks resume

        resumed = decode(self._startup.next_kwargs or {})
        if not isinstance(resumed, dict):
            raise DagfloeError(f"what the task resumes with is {type(resumed).__name__}, expected a map")
        if name == task.task_id:
            return task.function, task.parameters, resumed
        if name not in task.resumes:
            raise BindingError(
                f"{task!r} cannot resume in {name!r}, which is not in this bundle: was the bundle replaced while the "
                "task was deferred?"
            )
        return (*task.resumes[name], resumed)

    def _succeed(self, task: Task, value: object) -> dict[str, Any]:
        if task.kind == "branch":
            value = _branches(task, value)
        outputs = self._outputs(task, value)  # before anything is sent
        if task.kind == "branch":
            self._client.branch(*_chosen(value))
        elif task.kind == "short_circuit" and not value:
            self._client.short_circuit()
        for key, item, mapped_length in outputs:
            self._client.xcom.set(key, item, mapped_length=mapped_length)
        outlets = self._client.outlet_events.fields() if task.outlets else {}
        return succeeded(rendered_map_index=self._client.task_instances.rendered_map_index, outlets=outlets)

    def _outputs(self, task: Task, value: Any) -> list[tuple[str, object, int | None]]:
        """What to push: key, value, and the length where another task is mapped over it."""
        is_fed = task.dag.feeds_mapping(task.task_id) and self._context.map_index < 0
        if is_fed and not isinstance(value, (list, tuple, dict)):
            raise DagfloeError(
                f"{task!r} returned {type(value).__name__}, and another task is mapped over it: return a list or a map"
            )
        if value is None:
            return []
        single: list[tuple[str, object, int | None]] = []
        if task.multiple_outputs:
            if not isinstance(value, dict):
                raise DagfloeError(f"{task!r} has multiple outputs and returned {type(value).__name__}: return a map")
            single = [(key, item, None) for key, item in value.items()]
        if single or task.kind != "task":
            from dagfloe.values.jsonable import check_jsonable  # noqa: PLC0415 - a plain value is checked when it is pushed

            check_jsonable(value)
        return [*single, (RETURN_VALUE, value, len(value) if is_fed else None)]

    def _suspend(self, task: Task, outcome: TaskDeferred | TaskAwaitingInput | TaskRescheduled) -> dict[str, Any]:
        """The message of a task that will be run again; whatever is wrong with it is a failure of the task."""
        if isinstance(outcome, TaskRescheduled):
            when = outcome.reschedule_date
            if getattr(when, "tzinfo", None) is None:
                raise DagfloeError("TaskRescheduled needs an aware datetime: give it a time zone") from outcome
            log.info("Task is run again at %s", when.isoformat())
            return rescheduled(when)
        from dagfloe.values.serde import encode  # noqa: PLC0415 - few tasks are suspended

        next_method, next_kwargs = task.resume_name(outcome.resume), encode(outcome.kwargs)
        shown = self._client.task_instances.rendered_map_index
        if isinstance(outcome, TaskAwaitingInput):
            log.info("Task waits for a human, and resumes in %r", next_method)
            return awaiting_input(next_method, next_kwargs, timeout=outcome.timeout, rendered_map_index=shown)
        if not all(part.isidentifier() for part in outcome.trigger.split(".")) or "." not in outcome.trigger:
            raise DagfloeError(f"{outcome.trigger!r} is no full name of a trigger's class") from outcome
        log.info("Task is deferred to %s, and resumes in %r", outcome.trigger, next_method)
        return deferred(
            outcome.trigger,
            encode(outcome.trigger_kwargs),
            next_method,
            next_kwargs,
            timeout=outcome.timeout,
            queue=outcome.queue,
            rendered_map_index=shown,
        )

    def _fail(self, task: Task, error: BaseException) -> dict[str, Any]:
        context = self._context
        if context.cancelled:
            log.error("Task stopped: it was told to (%s)", context.cancellation.reason, exc_info=error)
            return self._end("failed")
        log.error("Task failed with %s", type(error).__name__, exc_info=error)
        decision = None
        if task.retry_policy is not None:
            try:
                decision = task.retry_policy(error, context.try_number)
            except Exception as failure:
                log.error("The retry policy failed: %s", _message(failure), exc_info=failure)
        action = "default" if decision is None else decision.action
        said = None if decision is None or decision.reason is None else self._secrets.mask(decision.reason)
        if action != "default":
            log.info("The retry policy says: %s%s", action, f" ({said})" if said else "")
        if not context.should_retry or action == "fail":
            newer = self._startup.schema_version >= SCHEMA_VERSIONS["3.4"]
            return self._end("failed", said if newer else None)
        reason = said or self._secrets.mask(f"{type(error).__name__}: {_message(error)}")
        return retry(
            reason,
            delay=None if decision is None else decision.delay,
            rendered_map_index=self._client.task_instances.rendered_map_index,
        )

    def _end(self, state: str, reason: str | None = None) -> dict[str, Any]:
        shown = self._client.task_instances.rendered_map_index
        return ended(state, rendered_map_index=shown, reason=reason)


def _armed(
    cancellation: Cancellation, function: Callable[..., object], args: list[object], kwargs: dict[str, object]
) -> object:
    """Call a function in which a request to stop may be raised."""
    cancellation.arm()
    try:
        return function(*args, **kwargs)
    finally:
        cancellation.disarm()


def _branches(task: Task, value: Any) -> Any:
    """What a branch returned, as an XCom has it."""
    if value is None or isinstance(value, str):
        return value
    try:
        chosen = [value] if isinstance(value, dict) else list(value)
    except TypeError:
        chosen = [value]
    if not all(isinstance(each, str) for each in chosen):
        raise DagfloeError(f"{task!r} is a branch and returned {type(value).__name__}: return task_ids")
    return chosen


def _chosen(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value


def _raise_trigger_failure(next_kwargs: object) -> None:
    from dagfloe.errors import TriggerFailed, TriggerTimeout  # noqa: PLC0415 - only on this path
    from dagfloe.values.serde import decode  # noqa: PLC0415

    told = decode(next_kwargs)
    told = told if isinstance(told, dict) else {}
    traceback = told.get("traceback")
    if traceback:
        lines = traceback if isinstance(traceback, list) else [traceback]
        log.error("The trigger failed:\n%s", "\n".join(map(str, lines)))
    reason = str(told.get("error", "unknown"))
    kind = TriggerTimeout if "timeout" in reason.lower() else TriggerFailed
    raise kind(f"the trigger that the task was deferred to failed: {reason}")


def _message(error: BaseException) -> str:
    try:
        return str(error).encode("utf-8", "backslashreplace").decode()
    except Exception:  # noqa: BLE001 - a __str__ of the author's
        return "(its message cannot be shown)"


def _is_uuid(text: str) -> bool:
    parts = text.split("-")
    digits = set("".join(parts))
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and digits <= set("0123456789abcdefABCDEF")
