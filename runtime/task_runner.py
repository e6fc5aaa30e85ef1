"""Runs one task and makes its terminal message, which the server sends. The client sends the task's requests."""

from __future__ import annotations

import os
from logging import ERROR, INFO
from types import CoroutineType

from dagfloe.authoring.parameters import CONTEXT_KEYS
from dagfloe.constants import FAILED, REMOVED, RETURN_VALUE, SKIPPED, SUCCESS, UP_FOR_RETRY
from dagfloe.errors import (
    BindingError,
    DagfloeError,
    TaskAwaitingInput,
    TaskCancelled,
    TaskDeferred,
    TaskFailed,
    TaskRescheduled,
    TaskSkipped,
    TaskTimeout,
)
from dagfloe.model.context import running
from dagfloe.runtime.binding import Binder
from dagfloe.runtime.config import SCHEMA_VERSIONS
from dagfloe.runtime.log.sanitizer import class_name, safe_string
from dagfloe.runtime.process.ending import Interpreter, leave_if_forked
from dagfloe.runtime.wire.frames import encode_frame
from dagfloe.runtime.wire.messages import (
    TRIGGER_FAILED_METHOD,
    end_task,
    retry_task,
    succeed_task,
)
from dagfloe.runtime.wire.requests import check_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from typing import Any

    from dagfloe.authoring.bundle import Bundle
    from dagfloe.authoring.dag import Task
    from dagfloe.authoring.parameters import Parameter
    from dagfloe.authoring.retry import RetryDecision
    from dagfloe.cancellation import Cancellation, Log
    from dagfloe.client import Client
    from dagfloe.compat.session import TaskSession
    from dagfloe.masking import Secrets
    from dagfloe.runtime.wire.messages import Startup
    from dagfloe.values.jsonable import ForeignValue

    Limit = Callable[[float, Cancellation], AbstractContextManager[object]]

#: The logger of the messages about a task's end.
LOGGER = "dagfloe.task"
#: Why a task is retried whose own reason cannot be sent.
_UNKNOWN_OUTCOME = "the outcome of the task could not be sent; see its log"
#: The callbacks to run after the terminal message, by its state.
_CALLBACKS = {
    FAILED: "on_failure_callback",
    SKIPPED: "on_skipped_callback",
    SUCCESS: "on_success_callback",
    UP_FOR_RETRY: "on_retry_callback",
}


class TaskRunner:
    """Runs the task that the supervisor asked for.

    Args:
        bundle: the bundle that the task is registered in.
        startup: the task to run, as the supervisor describes it.
        client: the task's client; it sends every request of the task.
        secrets: the secrets to mask in the reason of a retry.
        limit: takes a time in seconds and the cancellation, and makes a `with` block that is limited to this time.
        log: logs a message. It does not use Python's `logging`, which the author may have configured.
    """

    def __init__(
        self, bundle: Bundle, startup: Startup, client: Client, secrets: Secrets, limit: Limit, log: Log
    ) -> None:
        self._bundle = bundle
        self._startup = startup
        self._context = startup.context
        self._client = client
        self._secrets = secrets
        self._limit = limit
        self._log = log
        self._pid = os.getpid()
        self._interpreter = Interpreter()
        self._session: TaskSession | None = None
        self._task: Task | None = None  # the task, when it has begun and was not stopped
        self._error: BaseException | None = None
        self._state = ""

    def run(self) -> dict[str, Any]:
        """Run the task, and push its return value. Never raises.

        A child that the author's code forked does not return from here.

        Returns:
            The terminal message. The supervisor accepts it: it was checked and encoded once.
        """
        try:
            message = self._run()
            self._check(message)
        except BaseException as error:  # noqa: BLE001 - the author's code may reach even this code: a trace function does
            self._interpreter.restore()
            leave_if_forked(self._pid, self._log, error)
            message = self._give_up(error)
        leave_if_forked(self._pid, self._log)
        self._state = message["state"]
        return message

    def find_callbacks(self) -> Callable[[], None] | None:
        """What to call after the terminal message was sent: it runs the callbacks; None without callbacks."""
        task, option = self._task, _CALLBACKS.get(self._state, "")
        if task is None or option not in task.callbacks:
            return None
        return lambda: self._run_last_callbacks(task, option)

    def _run_last_callbacks(self, task: Task, option: str) -> None:
        """Run the callbacks for the end of the task. Never raises."""
        self._context.set_exception(self._error)
        try:
            with running(self._context):
                if self._session is None:
                    self._run_callbacks(task, option)
                else:
                    with self._session:
                        self._session.context["exception"] = _original(self._error)
                        self._run_callbacks(task, option)
        except BaseException as error:  # noqa: BLE001 - a stop, or the author's code reached even this code
            leave_if_forked(self._pid, self._log, error)
            self._log(ERROR, "dagfloe.callbacks", f"The {option} was interrupted", error)

    def _run_callbacks(self, task: Task, option: str, *, lets_exit: bool = False) -> None:
        from dagfloe.runtime.process.callbacks import CallbackRunner  # noqa: PLC0415 - few tasks have callbacks

        runner = CallbackRunner(task, self._context, self._client, self._pid, self._log)
        argument = self._context if self._session is None else self._session.context
        cancellation = self._context.cancellation
        try:
            cancellation.arm()
            runner.run(option, argument, lets_exit=lets_exit)
        finally:
            cancellation.is_armed = False

    def _run(self) -> dict[str, Any]:
        context = self._context
        task = self._bundle.find(context.dag_id, context.task_id)
        if task is None:
            registered = {dag_id: sorted(dag.tasks) for dag_id, dag in self._bundle.dags.items()}
            self._log(
                ERROR,
                LOGGER,
                f"Task {context.task_id!r} of Dag {context.dag_id!r} is not in this bundle: does the stub Dag belong "
                "to another version of it?",
                fields={"registered": registered},
            )
            return end_task(REMOVED)
        if not _is_uuid(context.ti.id):
            self._log(ERROR, LOGGER, f"The task instance's id is not a UUID: {context.ti.id!r}")
            return end_task(FAILED)
        if (schemas := task.dag.declared.get("param_schemas")) and (refusal := self._check_params(task, schemas)):
            return refusal
        self._task = task
        try:
            try:
                self._prepare(task)
                return self._succeed(task, self._call(task))
            except (TaskDeferred, TaskAwaitingInput, TaskRescheduled) as outcome:
                return self._suspend(task, outcome)
        except TaskSkipped as outcome:
            reason = self._describe(outcome)
            self._log(INFO, LOGGER, f"Task skipped{f': {reason}' if reason else ''}")
            return self._end(SKIPPED)
        except TaskFailed as outcome:
            self._error = outcome
            self._log(ERROR, LOGGER, f"Task failed, and is not retried: {self._describe(outcome)}", outcome)
            return self._end(FAILED)
        except TaskCancelled as outcome:
            reason = self._describe(outcome)
            self._log(ERROR, LOGGER, f"Task stopped: {reason}", outcome)
            return self._end_stopped(reason)
        except BaseException as error:  # noqa: BLE001 - SystemExit and the like fail the task, too
            return self._fail(task, error)

    def _check_params(self, task: Task, schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
        """The terminal message if the params of the run are not valid. As in Airflow, the task does not begin then."""
        from dagfloe.model.params import find_param_problem  # noqa: PLC0415 - few Dags have schemas

        problem = find_param_problem(task.dag.default_params, schemas, self._context.dag_run.conf)
        if problem is None:
            return None
        error = BindingError(f"the params of the run of Dag {task.dag_id!r} are not valid: {problem}")
        self._log(ERROR, LOGGER, f"The task does not begin: {error}", error)
        return retry_task(str(error)) if self._context.should_retry else end_task(FAILED)

    def _prepare(self, task: Task) -> None:
        if self._startup.next_method == TRIGGER_FAILED_METHOD:
            self._raise_trigger_failure()
        for key in self._startup.xcom_keys_to_clear:
            self._client.xcom.delete(key)
        if task.inlets or task.outlets:
            self._client.assets.validate()

    def _raise_trigger_failure(self) -> None:
        from dagfloe.call_errors import TriggerFailed, TriggerTimeout  # noqa: PLC0415 - only on this path
        from dagfloe.values.serde import decode  # noqa: PLC0415

        failure = decode(self._startup.next_kwargs)
        failure = failure if isinstance(failure, dict) else {}
        traceback = failure.get("traceback")
        if traceback:
            lines = map(str, traceback if isinstance(traceback, list) else [traceback])
            self._log(ERROR, LOGGER, "The trigger failed:\n{}".format("\n".join(lines)))
        reason = str(failure.get("error", "unknown"))
        kind = TriggerTimeout if "timeout" in reason.lower() else TriggerFailed
        raise kind(f"the trigger that the task was deferred to failed: {reason}")

    def _call(self, task: Task) -> object:
        if not CONTEXT_KEYS:
            return self._call_bound(task)
        from dagfloe.compat.session import TaskSession  # noqa: PLC0415 - only in projects with airflow-names

        self._session = TaskSession(task, self._context, self._client)
        with self._session:
            return self._call_bound(task)
        return None

    def _call_bound(self, task: Task) -> object:
        foreign: list[ForeignValue] = []
        function, parameters, resumed = self._choose_function(task, foreign)
        binder = Binder(task, self._context, self._client, foreign, self._session)
        args, kwargs = binder.bind(parameters, self._startup.arg_bindings, resumed)
        cancellation = self._context.cancellation
        with running(self._context):
            if "on_execute_callback" in task.callbacks:
                self._run_callbacks(task, "on_execute_callback", lets_exit=True)
            if task.execution_timeout_s is None:
                return self._call_armed(function, args, kwargs)
            if self._startup.schema_version >= SCHEMA_VERSIONS["3.4"]:
                # If this process cannot stop itself any more, the supervisor ends it.
                self._client.task_instances.set_execution_timeout(task.execution_timeout_s)
            try:
                with self._limit(task.execution_timeout_s, cancellation):
                    value = self._call_armed(function, args, kwargs)
            except (TaskTimeout, TaskCancelled):
                raise
            except BaseException as error:
                if cancellation.timeout_message is not None:  # the task swallowed the exception
                    raise TaskTimeout(cancellation.timeout_message) from error
                raise
            if cancellation.timeout_message is not None:
                raise TaskTimeout(cancellation.timeout_message)
            return value

    def _call_armed(self, function: Callable[..., object], args: list[object], kwargs: dict[str, object]) -> object:
        """Call the task's function; a request to stop is raised in it."""
        cancellation = self._context.cancellation
        try:
            cancellation.arm()
            result = function(*args, **kwargs)
            if type(result) is CoroutineType:
                from dagfloe.runtime.process.event_loop import run_coroutine  # noqa: PLC0415 - imports asyncio

                result = run_coroutine(result, cancellation)
        except BaseException as error:
            leave_if_forked(self._pid, self._log, error)
            raise
        finally:
            cancellation.is_armed = False
            self._interpreter.restore_limits()
        leave_if_forked(self._pid, self._log)
        return result

    def _choose_function(
        self, task: Task, foreign: list[ForeignValue]
    ) -> tuple[Callable[..., object], tuple[Parameter, ...], dict[str, Any] | None]:
        """The function to call, its parameters, and its arguments if the task resumes in it.

        Args:
            task: the task.
            foreign: collects values of classes that the bundle does not have.
        """
        name = self._startup.next_method
        if name is None:
            return task.function, task.parameters, None
        from dagfloe.values.serde import decode  # noqa: PLC0415 - few tasks resume

        resumed = decode(self._startup.next_kwargs or {}, foreign)
        if not isinstance(resumed, dict):
            raise DagfloeError(f"the arguments that the task resumes with are {type(resumed).__name__}, expected dict")
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
        outputs = self._list_outputs(task, value)
        if task.kind == "branch":
            self._client.branch(*_followed(value))
        elif task.kind == "short_circuit" and not value:
            self._client.short_circuit()
        outlets = self._client.outlet_events.fields() if task.outlets else {}
        for key, item, mapped_length in outputs:
            self._client.xcom.push(key, item, mapped_length=mapped_length)
        message = succeed_task(rendered_map_index=self._client.rendered_map_index, outlets=outlets)
        self._check(message)
        return message

    def _list_outputs(self, task: Task, value: Any) -> list[tuple[str, object, int | None]]:
        """The XComs to push: key, encoded value, and the length if another task is mapped over the value."""
        is_fed = task.dag.feeds_mapping(task.task_id) and self._context.map_index < 0
        if task.declared.get("do_xcom_push") is False:
            if is_fed:
                raise DagfloeError(f"{task!r} pushes no XCom, and another task is mapped over it: remove do_xcom_push")
            return []
        if is_fed and not isinstance(value, (list, tuple, dict)):
            raise DagfloeError(
                f"{task!r} returned {type(value).__name__}, and another task is mapped over it: return a list or a dict"
            )
        if value is None:
            return []
        if task.multiple_outputs and not isinstance(value, dict):
            raise DagfloeError(f"{task!r} has multiple outputs and returned {type(value).__name__}: return a dict")
        from dagfloe.client.xcoms import encode_xcom  # noqa: PLC0415 - tasks that return nothing need no XComs

        encoded = encode_xcom(value)  # before anything is sent
        single = [(key, item, None) for key, item in encoded.items()] if task.multiple_outputs else []
        return [*single, (RETURN_VALUE, encoded, len(value) if is_fed else None)]

    def _suspend(self, task: Task, outcome: TaskDeferred | TaskAwaitingInput | TaskRescheduled) -> dict[str, Any]:
        """The terminal message of a task that Airflow will run again. An error in the outcome fails the task."""
        from dagfloe.runtime.outcomes import suspend  # noqa: PLC0415 - few tasks are suspended

        message = suspend(task, outcome, self._client.rendered_map_index)
        self._check(message)
        if message["type"] == "RescheduleTask":
            self._log(INFO, LOGGER, f"Task is rescheduled to {message['reschedule_date'].isoformat()}")
        elif message["type"] == "AwaitInputTask":
            self._log(INFO, LOGGER, f"Task waits for a human, and resumes in {message['next_method']!r}")
        else:
            trigger, resumes_in = message["classpath"], message["next_method"]
            self._log(INFO, LOGGER, f"Task is deferred to {trigger}, and resumes in {resumes_in!r}")
        return message

    def _fail(self, task: Task, error: BaseException) -> dict[str, Any]:
        context = self._context
        if context.cancelled:
            stop = context.cancellation.reason
            self._log(ERROR, LOGGER, f"Task failed while it was stopping ({stop})", error)
            return self._end_stopped(f"the task failed while it was stopping: {stop}")
        self._error = error
        self._log(ERROR, LOGGER, f"Task failed with {class_name(error)}", error)
        from dagfloe.runtime.missing_modules import advise  # noqa: PLC0415 - only for tasks that fail

        if advice := advise(error):
            self._log(ERROR, LOGGER, f"A module is missing: {self._describe(advice)}")
        decision = self._decide(task, error)
        action = "default" if decision is None else decision.action
        reason = None if decision is None or decision.reason is None else self._describe(decision.reason)
        if action != "default":
            self._log(INFO, LOGGER, f"The retry policy decides: {action}{f' ({reason})' if reason else ''}")
        if not context.should_retry or action == "fail":
            has_reason = self._startup.schema_version >= SCHEMA_VERSIONS["3.4"]
            return self._end(FAILED, reason if has_reason else None)
        return retry_task(
            reason or f"{class_name(error)}: {self._describe(error)}",
            delay=None if decision is None else decision.delay,
            rendered_map_index=self._client.rendered_map_index,
        )

    def _end_stopped(self, reason: str) -> dict[str, Any]:
        """The terminal message of a task that was asked to stop.

        A worker that shuts down, or is lost, is the usual cause, and another one can run the task: it is retried. If
        somebody has marked or cleared the task instance, Airflow keeps that state whatever this message says. The retry
        policy is not asked: it decides about the errors of the task's own work. As in Airflow, no callback runs.
        """
        self._task = None
        if not self._context.should_retry:
            return self._end(FAILED)
        return retry_task(reason, rendered_map_index=self._client.rendered_map_index)

    def _decide(self, task: Task, error: BaseException) -> RetryDecision | None:
        """The decision of the task's retry policy; None for Airflow's own rule."""
        if task.retry_policy is None:
            return None
        try:
            from dagfloe.runtime.outcomes import check_decision  # noqa: PLC0415 - few tasks have a policy

            return check_decision(task.retry_policy(error, self._context.try_number))
        except BaseException as failure:  # noqa: BLE001 - the author's policy may raise anything
            leave_if_forked(self._pid, self._log, failure)
            self._log(ERROR, LOGGER, f"The retry policy failed: {self._describe(failure)}", failure)
            return None

    def _describe(self, value: object) -> str:
        """An exception's message, or a reason, without secrets."""
        return safe_string(value, self._secrets.mask)

    def _check(self, message: dict[str, Any]) -> None:
        """Check that the supervisor accepts a terminal message, before anything depends on it."""
        check_request(message, self._startup.schema_version)
        encode_frame(0, message)

    def _give_up(self, error: BaseException) -> dict[str, Any]:
        """The terminal message of a task whose own one cannot be made or sent; it holds nothing of the author's."""
        self._error = error
        self._log(ERROR, LOGGER, "Task failed, because its outcome cannot be sent", error)
        return retry_task(_UNKNOWN_OUTCOME) if self._context.should_retry else end_task(FAILED)

    def _end(self, state: str, reason: str | None = None) -> dict[str, Any]:
        rendered_map_index = self._client.rendered_map_index
        return end_task(state, rendered_map_index=rendered_map_index, reason=reason)


def _original(error: BaseException | None) -> BaseException | None:
    """The exception that the author's code raised: Airflow's, if the task's outcome stands for it."""
    from dagfloe.compat.exceptions import find_outcome  # noqa: PLC0415 - only in projects with airflow-names

    cause = None if error is None else error.__cause__
    return error if cause is None or find_outcome(cause) is None else cause


def _branches(task: Task, value: Any) -> Any:
    """The task_ids that a branch returned, as the value of its XCom."""
    if value is None or isinstance(value, str):
        return value
    try:
        task_ids = [value] if isinstance(value, dict) else list(value)
    except TypeError:
        task_ids = [value]
    if not all(isinstance(task_id, str) for task_id in task_ids):
        raise DagfloeError(f"{task!r} is a branch and returned {type(value).__name__}: return task_ids")
    return task_ids


def _followed(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value


def _is_uuid(value: str) -> bool:
    parts = value.split("-")
    digits = set("".join(parts))
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and digits <= set("0123456789abcdefABCDEF")
