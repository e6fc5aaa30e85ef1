"""Runs one task and says how it ended. Sends XComs through the client, and never the terminal message itself."""

from __future__ import annotations

import logging

from dagfloe.client import RETURN_VALUE, Client
from dagfloe.context import Context, running
from dagfloe.errors import TaskCancelled, TaskFailed, TaskSkipped
from dagfloe.parameters import bind
from dagfloe.runtime.messages import ended, retry, succeeded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dagfloe.bundle import Bundle, TaskHandler
    from dagfloe.secrets import Secrets

log = logging.getLogger("dagfloe.task")


def run_task(bundle: Bundle, context: Context, client: Client, secrets: Secrets) -> dict[str, Any]:
    """Run the task that the context names, and push its return value.

    Args:
        bundle: where the task is registered.
        context: the running task's context.
        client: what the task may use; its return value goes through it.
        secrets: masked in the reason of a retry.

    Returns:
        The one terminal message: SucceedTask, TaskState or RetryTask.
    """
    handler = bundle.find(context.dag_id, context.task_id)
    if handler is None:
        registered = {dag_id: sorted(dag.tasks) for dag_id, dag in bundle.dags.items()}
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
        value = _call(handler, context, client)
        if value is not None:
            client.set_xcom(RETURN_VALUE, value)
    except TaskSkipped as outcome:
        reason = _message(outcome)
        log.info("Task skipped%s", f": {reason}" if reason else "")
        return ended("skipped")
    except TaskFailed as outcome:
        log.error("Task failed, and is not retried: %s", _message(outcome), exc_info=outcome)
        return ended("failed")
    except TaskCancelled as outcome:
        log.error("Task stopped: %s", outcome, exc_info=outcome)
        return ended("failed")
    except BaseException as error:  # noqa: BLE001 - SystemExit and the like are failures of the task, too
        return _failed(error, context, secrets)
    return succeeded()


def _call(handler: TaskHandler, context: Context, client: Client) -> object:
    injected: dict[type, object] = {
        Client: client,
        Context: context,
        logging.Logger: logging.getLogger(f"{handler.dag_id}.{handler.task_id}"),
    }
    args, kwargs = bind(handler.parameters, injected, f"task {handler.task_id!r} of Dag {handler.dag_id!r}")
    with running(context):
        context.cancellation.arm()
        try:
            return handler.function(*args, **kwargs)
        finally:
            context.cancellation.disarm()


def _failed(error: BaseException, context: Context, secrets: Secrets) -> dict[str, Any]:
    if context.cancelled:
        log.error("Task stopped: it was told to (%s)", context.cancellation.reason, exc_info=error)
        return ended("failed")
    log.error("Task failed with %s", type(error).__name__, exc_info=error)
    if not context.should_retry:
        return ended("failed")
    return retry(secrets.mask(f"{type(error).__name__}: {_message(error)}"))


def _message(error: BaseException) -> str:
    try:
        return str(error).encode("utf-8", "backslashreplace").decode()
    except Exception:  # noqa: BLE001 - a __str__ of the author's
        return "(its message cannot be shown)"


def _is_uuid(text: str) -> bool:
    parts = text.split("-")
    digits = set("".join(parts))
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and digits <= set("0123456789abcdefABCDEF")
