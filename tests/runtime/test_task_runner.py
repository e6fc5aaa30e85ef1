"""The terminal message of one task, and the requests and log records before it."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import (
    Bundle,
    Client,
    Connection,
    Context,
    RetryDecision,
    TaskCancelled,
    TaskFailed,
    TaskSkipped,
    current_context,
)
from dagfloe.masking import Secrets
from dagfloe.runtime.process.signals import TimeLimit
from dagfloe.runtime.task_runner import TaskRunner
from dagfloe.runtime.wire.messages import Startup
from dagfloe.runtime.wire.requests import check_request
from support.memory import Airflow, context, log_with_python

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from dagfloe.authoring.scheduling.options import RetryPolicy
    from dagfloe.cancellation import Cancellation


class Run:
    """Runs one function as task `t` of Dag `d`, with an Airflow in memory."""

    def __init__(
        self,
        function: Callable[..., object],
        *,
        should_retry: bool = False,
        retry_policy: RetryPolicy | None = None,
        **ti: Any,
    ) -> None:
        bundle = Bundle()
        self.dag = bundle.dag("d")
        self.dag.task(task_id="t", retry_policy=retry_policy)(function)
        self.airflow = Airflow()
        self.secrets = Secrets()
        self.context = context(should_retry=should_retry, **ti)
        self.client = Client(self.airflow, self.context, self.secrets, bundle)
        self._bundle = bundle

    def __call__(self) -> dict[str, Any]:
        """The terminal message."""
        startup = Startup(context=self.context)
        message = TaskRunner(self._bundle, startup, self.client, self.secrets, TimeLimit, log_with_python).run()
        check_request(message)
        return message


def raising(error: BaseException) -> Callable[[], object]:
    """A task that raises."""

    def task() -> None:
        raise error

    return task


def test_value_is_pushed() -> None:
    """A returned value is pushed under `return_value`, and the task succeeds."""
    run = Run(lambda: {"rows": [1, 2]})
    assert run()["type"] == "SucceedTask"
    (pushed,) = run.airflow.requests
    assert (pushed["type"], pushed["key"], pushed["value"]) == ("SetXCom", "return_value", {"rows": [1, 2]})


def test_none_is_not_pushed() -> None:
    """A task that returns None pushes nothing."""
    run = Run(lambda: None)
    assert run()["type"] == "SucceedTask"
    assert run.airflow.requests == []


@pytest.mark.parametrize("value", [0, "", False, [], {}])
def test_empty_values_are_pushed(value: object) -> None:
    """False values other than None are pushed."""
    run = Run(lambda: value)
    run()
    assert run.airflow.sent("SetXCom")[0]["value"] == value


def test_injected_arguments() -> None:
    """A task gets the client, its context and its logger. The context is the current one while the task runs."""
    seen: list[Any] = []

    def task(client: Client, context: Context, log: logging.Logger, year: int = 2020) -> None:
        seen.extend([client, context, log.name, year, current_context()])

    run = Run(task)
    run()
    assert seen == [run.client, run.context, "d.t", 2020, run.context]


def test_skipped(caplog: pytest.LogCaptureFixture) -> None:
    """TaskSkipped ends the task as skipped even if tries are left, with the reason in the log."""
    with caplog.at_level(logging.INFO):
        assert Run(raising(TaskSkipped("no data")), should_retry=True)()["state"] == "skipped"
        assert Run(raising(TaskSkipped()))()["state"] == "skipped"
    assert [record.getMessage() for record in caplog.records] == ["Task skipped: no data", "Task skipped"]


def test_failed_without_retry(caplog: pytest.LogCaptureFixture) -> None:
    """TaskFailed fails the task even if tries are left, with the reason and the stack in the log."""
    message = Run(raising(TaskFailed("bad input")), should_retry=True)()
    assert (message["type"], message["state"]) == ("TaskState", "failed")
    assert "bad input" in caplog.records[-1].getMessage()
    assert caplog.records[-1].exc_info


@pytest.mark.parametrize(
    "error", [ValueError("why"), SystemExit(0), KeyboardInterrupt("why"), GeneratorExit(), MemoryError()]
)
def test_any_other_end(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """Any other exception is a failure with its stack in the log. It is retried if tries are left."""
    message = Run(raising(error), should_retry=True)()
    assert (message["type"], message["state"]) == ("RetryTask", "up_for_retry")
    assert message["retry_reason"] == f"{type(error).__name__}: {error}"
    message = Run(raising(error))()
    assert (message["type"], message["state"]) == ("TaskState", "failed")
    for record in caplog.records:
        assert record.exc_info is not None
        assert record.exc_info[1] is error


def test_retry_reason_is_short_and_holds_no_secret() -> None:
    """The reason of a retry has at most 500 characters. Secrets are masked before it is cut."""
    run = Run(raising(ValueError("x" * 470 + " hunter2-hunter2 " + "y" * 100)), should_retry=True)
    run.secrets.add("hunter2-hunter2")
    reason = run()["retry_reason"]
    assert len(reason) == 500
    assert reason.startswith("ValueError: xxx")
    assert "hunter" not in reason
    assert "***" in reason


class Unspeakable(TaskSkipped, TaskFailed):
    """An outcome without a readable message."""

    def __str__(self) -> str:
        raise LookupError("no str")


@pytest.mark.parametrize(("kind", "state"), [(TaskSkipped, "skipped"), (TaskFailed, "failed"), (Exception, "failed")])
def test_exceptions_without_a_readable_message(kind: type[Exception], state: str) -> None:
    """An exception whose `__str__` raises ends the task as usual."""
    unspeakable = type("Unspeakable", (kind,), {"__str__": Unspeakable.__str__})
    assert Run(raising(unspeakable()))()["state"] == state
    if kind is Exception:
        reason = Run(raising(unspeakable()), should_retry=True)()["retry_reason"]
        assert reason == "Unspeakable: <Unspeakable, LookupError in its str()>"


def test_retry_reason_with_a_lone_surrogate() -> None:
    """A lone surrogate in a message is escaped."""
    assert Run(raising(ValueError("\ud800")), should_retry=True)()["retry_reason"] == "ValueError: \\ud800"


def test_missing_parameter() -> None:
    """A parameter without a value or a default fails the task before its body runs."""
    ran: list[int] = []

    def task(country: str) -> None:
        ran.append(1)

    message = Run(task, should_retry=True)()
    assert ran == []
    assert "'country'" in message["retry_reason"]
    assert Run(task)()["state"] == "failed"


@pytest.mark.parametrize("ids", [{"dag_id": "other"}, {"task_id": "other"}])
def test_unknown_task(ids: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """A task that the bundle does not have ends as removed, and the log lists the tasks of the bundle."""
    ran: list[int] = []
    assert Run(lambda: ran.append(1), should_retry=True, **ids)()["state"] == "removed"
    assert ran == []
    (record,) = caplog.records
    assert "is not in this bundle" in record.getMessage()
    assert vars(record)["registered"] == {"d": ["t"]}


@pytest.mark.parametrize(
    "ti_id",
    ["", "5", "x" * 36, "01234567-89ab-cdef-0123-456789abcdef\n", "0123456789abcdef0123456789abcdef----", "-" * 36],
)
def test_id_that_is_not_a_uuid(ti_id: str, caplog: pytest.LogCaptureFixture) -> None:
    """A task instance whose id is not a UUID fails before its task runs."""
    ran: list[int] = []
    assert Run(lambda: ran.append(1), id=ti_id)()["state"] == "failed"
    assert ran == []
    assert "is not a UUID" in caplog.text


def test_value_without_json_form(caplog: pytest.LogCaptureFixture) -> None:
    """A return value that has no form fails the task. The message shows the path and the type of the bad element."""
    run = Run(lambda: {"rows": [1, {"when": range(2)}]}, should_retry=True)
    assert "$.rows[1].when is of type range" in run()["retry_reason"]
    assert run.airflow.requests == []
    assert Run(lambda: print)()["state"] == "failed"


def test_value_that_airflow_does_not_take() -> None:
    """If the value cannot be pushed, the task fails."""
    run = Run(lambda: 1, should_retry=True)
    run.airflow.failing["SetXCom"] = "API_SERVER_ERROR"
    message = run()
    assert message["type"] == "RetryTask"
    assert "API_SERVER_ERROR" in message["retry_reason"]


def test_secrets_of_a_connection_are_in_no_reason() -> None:
    """A connection's password is masked in an exception, in any encoding."""

    def task(client: Client) -> None:
        connection = client.get_connection("db")
        raise ValueError(f"{connection.password!r} {connection.uri} {connection.extra}")

    run = Run(task, should_retry=True)
    password = "p'a$s w/ord"  # noqa: S105
    run.airflow.connections["db"] = {"conn_type": "pg", "password": password, "extra": '{"token": "t-o-k/e n"}'}
    reason = run()["retry_reason"]
    for secret in (password, "w/ord", "w%2Ford", "t-o-k", "e n", "e+n"):
        assert secret not in reason
    assert Connection("db", "pg", password=password).uri.count("%") == 4


def test_stop() -> None:
    """A stopped task is retried while tries are left, also if it raises another error instead. No policy is asked."""
    cancellations: list[Cancellation] = []

    def stopped() -> None:
        cancellations[-1].request("SIGTERM")

    def swallowed() -> None:
        try:
            cancellations[-1].request("SIGTERM")
        except TaskCancelled:
            raise ValueError("cleanup failed") from None

    def given_up() -> None:
        try:
            cancellations[-1].request("SIGTERM")
        except TaskCancelled:
            raise TaskFailed("do not try again") from None

    def run_stopped(task: Callable[..., object], *, should_retry: bool) -> dict[str, Any]:
        run = Run(task, should_retry=should_retry, retry_policy=lambda *_: RetryDecision.fail())
        cancellations.append(run.context.cancellation)
        return run()

    message = run_stopped(stopped, should_retry=True)
    assert (message["type"], message["retry_reason"]) == ("RetryTask", "the task was asked to stop: SIGTERM")
    message = run_stopped(swallowed, should_retry=True)
    assert (message["type"], message["retry_reason"]) == (
        "RetryTask",
        "the task failed while it was stopping: SIGTERM",
    )
    assert run_stopped(given_up, should_retry=True)["state"] == "failed"
    for task in (stopped, swallowed):
        assert run_stopped(task, should_retry=False)["state"] == "failed"


def test_task_that_ignores_a_stop_succeeds() -> None:
    """A task that catches the stop and returns succeeds."""

    def task(context: Context) -> int:
        with suppress(TaskCancelled):
            context.cancellation.request("SIGTERM")
        return 1

    run = Run(task)
    assert run()["type"] == "SucceedTask"
    assert run.airflow.sent("SetXCom")


def test_stop_before_and_after_the_function() -> None:
    """A stop before the function prevents it from running. A stop after the function's end has no effect."""
    ran: list[int] = []
    run = Run(lambda: ran.append(1))
    run.context.cancellation.request("SIGTERM")
    assert run()["state"] == "failed"
    assert ran == []
    run = Run(lambda: ran.append(1))
    assert run()["type"] == "SucceedTask"
    run.context.cancellation.request("SIGTERM")
    assert ran == [1]


def test_stop_at_any_call_after_the_function() -> None:
    """A stop that arrives right after the task's function stops the task or comes too late. Nothing is raised later."""

    def stop_at(place: int) -> bool:
        calls = 0

        def trace(_frame: FrameType, event: str, _argument: object) -> None:
            nonlocal calls
            calls += event == "call"
            if calls == place:
                sys.settrace(None)
                current_context().cancellation.request("SIGTERM")

        run = Run(lambda: sys.settrace(trace))
        message = run()
        sys.settrace(before)
        assert message["state"] == "failed" if message["type"] == "TaskState" else message["type"] == "SucceedTask"
        run.context.cancellation.interrupt(raising(InterruptedError()))
        return calls >= place

    before = sys.gettrace()
    try:
        place = 1
        while stop_at(place) and place < 10:
            place += 1
    finally:
        sys.settrace(before)
    assert place > 3


@pytest.mark.parametrize(("should_retry", "state"), [(True, "up_for_retry"), (False, "failed")])
def test_params_that_are_not_valid(caplog: pytest.LogCaptureFixture, should_retry: bool, state: str) -> None:
    """The task does not begin; no policy is asked, and nothing is sent before the terminal message."""
    called: list[object] = []

    def policy(error: BaseException, _try_number: int) -> RetryDecision:
        called.append(error)
        return RetryDecision.fail()

    run = Run(lambda: called.append("task"), should_retry=should_retry, retry_policy=policy)
    run.dag.declared["param_schemas"] = {"token": {"schema": {"type": "integer"}}}
    assert run()["state"] == state
    assert (called, run.airflow.requests) == ([], [])
    expected = "the params of the run of Dag 'd' are not valid: param 'token': must be of type integer, not string"
    assert f"The task does not begin: {expected}" in caplog.messages
    assert "hunter2" not in caplog.text
