"""Tests that a task behaves in memory as it does over sockets: its state, its requests and its log."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import (
    Asset,
    Bundle,
    Client,
    Context,
    HumanAnswer,
    RetryDecision,
    TaskDeferred,
    TaskFailed,
    TaskRescheduled,
    TaskSkipped,
)
from dagfloe.errors import TaskCancelled
from dagfloe.testing import TaskEnvironment, TaskStateError

if TYPE_CHECKING:
    from dagfloe import Task
    from dagfloe.testing._mode import ModeName

DATE = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
REPORT = Asset("report", "file:///report")
MODES: tuple[ModeName, ...] = ("memory", "sockets")

bundle = Bundle()
dag = bundle.dag("modes", params={"factor": 2, "names": ["a"]})
module_log = logging.getLogger(__name__)


@dag.task
def extract(client: Client) -> list[dict[str, int]]:
    client.set_xcom("rows", 2)
    client.set_xcom("gone", 2)
    client.delete_xcom("gone")
    return [{"amount": client.get_variable("amount", deserialize_json=True)}, {"amount": 2}]


@dag.task(multiple_outputs=True, outlets=[REPORT])
def total(rows: list[dict[str, int]], client: Client, context: Context, log: logging.Logger) -> dict[str, int]:
    log.info("run %s has %d rows", context.run_id, len(rows), extra={"conf": context.dag_run.conf["n"]})
    client.outlet_events[REPORT].extra = {"rows": len(rows)}
    return {"total": sum(row["amount"] for row in rows)}


@dag.task
def prints(client: Client) -> None:
    secret = client.get_connection("db").password
    print("printed", secret)  # noqa: T201 - the task prints
    sys.stderr.write("unfinished")
    warnings.warn("be warned", stacklevel=1)
    module_log.debug("left out")
    module_log.error("%s is secret", client.get_variable("api_key"))


@dag.task
def reads_params(context: Context) -> dict[str, object]:
    return dict(context.params)


@dag.task
def fails() -> None:
    raise ValueError("bad row")


@dag.task
def exits() -> None:
    sys.exit(3)


@dag.task
def fails_without_retry() -> None:
    raise TaskFailed("no use")


@dag.task
def skips_itself() -> None:
    raise TaskSkipped("nothing to do")


@dag.task(retry_policy=lambda error, _number: RetryDecision.retry(delay=7, reason=f"again: {error}"))
def retries() -> None:
    raise OSError("busy")


def note(context: Context, client: Client) -> None:
    """Set a variable after the end of the task."""
    client.variables.set(f"end of {context.task_id}", repr(context.exception))


def raise_in_callback(_context: object) -> None:
    """Fail in a callback."""
    raise RuntimeError("in the callback")


CALLBACKS: dict[str, Any] = {
    f"on_{moment}_callback": [raise_in_callback, note] for moment in ("success", "failure", "retry", "skipped")
}


@dag.task(**CALLBACKS)
def succeeds_with_callbacks() -> int:
    return 1


@dag.task(**CALLBACKS)
def fails_with_callbacks() -> None:
    raise ValueError("bad row")


@dag.task
def reads_missing_variable(client: Client) -> None:
    client.get_variable("none")


@dag.task
def defers() -> None:
    raise TaskDeferred("some.Trigger", {"at": DATE}, resume="continue_with_event", kwargs={"n": 1}, timeout=60)


@defers.resume
def continue_with_event(event: str, n: int) -> str:
    return f"{event}{n}"


@dag.task
def asks_human(client: Client) -> None:
    client.human_input.ask("Go?", ["yes", "no"], resume="continue_with_answer", params={"why": "-"})


@asks_human.resume
def continue_with_answer(event: HumanAnswer) -> str:
    return f"{event.chosen_options[0]}, {event.params_input['why']}"


@dag.task
def reschedules() -> None:
    raise TaskRescheduled(DATE)


@dag.branch
def branches() -> str:
    return "fails"


@dag.task
def misses_argument(missing: int) -> int:
    return missing


@dag.task
def squares(number: int) -> int:
    return number * number


@dag.task
def waits_for_stop(context: Context, log: logging.Logger) -> None:
    context.on_cancel(lambda: log.info("cleaned up"))
    try:
        log.info("working")
        threading.Event().wait(20)
    except TaskCancelled:
        log.info("stopped, %s", context.cancelled)
        raise


with dag:
    total(extract())
    squares.expand(number=[1, 2, 3])
    branches() >> [fails, exits]

FINAL_STATES = {
    extract: "success",
    total: "success",
    prints: "success",
    fails: "failed",
    exits: "failed",
    fails_without_retry: "failed",
    skips_itself: "skipped",
    retries: "failed",
    reads_missing_variable: "failed",
    defers: "deferred",
    asks_human: "awaiting_input",
    reschedules: "up_for_reschedule",
    branches: "success",
    misses_argument: "failed",
}


@pytest.fixture
def env(dagfloe_env: TaskEnvironment) -> TaskEnvironment:
    """An environment with the variables, the connection and the XCom of the tasks above."""
    dagfloe_env.variables.update(amount=40, api_key="k-hunter2")
    dagfloe_env.connections["db"] = "postgres://ann:hunter2@host/db"
    dagfloe_env.xcoms["extract"] = [{"amount": 2}]
    dagfloe_env.dag_run.conf["n"] = 5
    return dagfloe_env


def without_end_date(body: Any) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "end_date"}


@pytest.mark.filterwarnings("default")  # the warnings belong to the task's log
@pytest.mark.parametrize("task", FINAL_STATES, ids=lambda task: task.task_id)
def test_equal_results(env: TaskEnvironment, task: Task) -> None:
    """Both modes give the same state, the same messages and the same log."""
    memory, sockets = (env.run(task, over=mode, max_tries=int(task is retries)) for mode in MODES)
    assert memory.state == sockets.state == ("up_for_retry" if task is retries else FINAL_STATES[task])
    assert list(map(without_end_date, memory.requests)) == list(map(without_end_date, sockets.requests))
    logs = [[(record.level, record.logger, record.event) for record in result.log] for result in (memory, sockets)]
    assert logs[0] == logs[1]
    assert (memory.xcoms, memory.outlet_events, memory.skipped) == (
        sockets.xcoms,
        sockets.outlet_events,
        sockets.skipped,
    )
    assert (memory.exception is None) == (memory.state != "failed" and task is not retries)
    assert sockets.exception is None
    assert sockets.error is None


@pytest.mark.parametrize("over", MODES)
def test_values(env: TaskEnvironment, over: ModeName) -> None:
    """A test and the next tasks read what a task pushes."""
    first = env.run(extract, over=over)
    assert first.xcoms == {"rows": 2, "return_value": [{"amount": 40}, {"amount": 2}]}
    assert (env.xcoms["extract"], env.xcoms["extract", "rows"]) == (first.value, 2)
    assert ("extract", "gone", -1) not in env.xcoms
    second = env.run(total, over=over)
    assert second.xcoms == {"total": 42, "return_value": {"total": 42}}
    assert second.log.has(r"^run manual__.* has 2 rows$", level="info", logger="modes.total")
    assert second.log[0].fields == {"conf": 5}
    assert [event["extra"] for event in second.outlet_events] == [{"rows": 2}]
    assert env.results == [first, second]
    assert env.requests == [*first.requests, *second.requests]


@pytest.mark.parametrize("over", MODES)
def test_params(env: TaskEnvironment, over: ModeName) -> None:
    """A task sees the params that its Dag declares, with the conf of the run over them."""
    env.dag_run.conf = {"factor": 3, "more": None}
    assert env.run(reads_params, over=over).value == {"factor": 3, "names": ["a"], "more": None}
    assert env.context(reads_params).params == {"factor": 3, "names": ["a"], "more": None}
    assert env.context().params == {"factor": 3, "more": None}


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("over", MODES)
def test_log(env: TaskEnvironment, over: ModeName) -> None:
    """Output and warnings become records; the level filters them; secrets are masked, and no repr shows one."""
    log = env.run(prints, over=over).log
    assert log.has("^printed [*]{3}$", logger="task.stdout")
    assert log.has("^unfinished$", level="error", logger="task.stderr")
    assert log.has("be warned", level="warning", logger="py.warnings")
    assert log.has("^[*]{3} is secret$", level="error")
    assert not log.has("left out")
    assert "hunter2" not in f"{log!r}{env.results!r}{env.variables!r}{env.connections!r}{env.store!r}{env.dag_run!r}"
    env.level = "DEBUG"
    assert env.run(prints, over=over).log.has("left out", level="debug")


@pytest.mark.parametrize("over", MODES)
def test_raise_for_state(env: TaskEnvironment, over: ModeName) -> None:
    """The error of a test that expects success has the reason and the log."""
    with pytest.raises(TaskStateError, match=r"modes\.fails ended as 'failed', not 'success'") as error:
        env.run(fails, over=over).raise_for_state()
    assert "Task failed with ValueError" in str(error.value)
    assert "ValueError: bad row" in str(error.value)
    assert isinstance(error.value, AssertionError)
    assert isinstance(error.value.__cause__, ValueError) == (over == "memory")
    assert env.run(fails, over=over).raise_for_state("failed").state == "failed"


@pytest.mark.parametrize("over", MODES)
def test_resuming(env: TaskEnvironment, over: ModeName) -> None:
    """Deferred, asking and rescheduled tasks resume in the mode of their first run."""
    deferred = env.run(defers, over=over)
    assert (deferred.trigger, deferred.trigger_kwargs, deferred.resumes_in) == (
        "some.Trigger",
        {"at": DATE},
        "continue_with_event",
    )
    assert env.resume(deferred, event="x").value == "x1"
    failed = env.resume(deferred, error="Trigger timeout")
    assert failed.state == "failed"
    assert failed.log.has("Task failed with TriggerTimeout")
    answered = env.answer(env.run(asks_human, over=over), "yes", {"why": "because"})
    assert answered.value == "yes, because"
    later = env.run(reschedules, over=over)
    assert later.reschedule_date == DATE
    assert env.poke_again(later).state == "up_for_reschedule"


@pytest.mark.parametrize("over", MODES)
def test_arguments(env: TaskEnvironment, over: ModeName) -> None:
    """Arguments come from the `with dag:` block, by map index, or from the test."""
    assert env.run(squares, over=over, map_index=2).value == 9
    assert env.run(squares, over=over, arguments={"number": 12}).value == 144
    assert env.run(misses_argument, over=over, arguments={"missing": "five"}).log.has("Task failed with BindingError")


@pytest.mark.parametrize("over", MODES)
def test_stop(env: TaskEnvironment, over: ModeName) -> None:
    """A stopped task cleans up, and is retried if it has tries left."""
    assert env.run(waits_for_stop, over=over, stop_at="^working$").state == "failed"
    result = env.run(waits_for_stop, over=over, stop_at="^working$", max_tries=3)
    assert result.state == "up_for_retry"
    messages = [record.event for record in result.log.find(logger="modes.waits_for_stop")]
    assert messages == ["working", "cleaned up", "stopped, True"]
    assert result.log.has("SIGTERM", level="error")


@pytest.mark.parametrize("over", MODES)
def test_stop_without_match(env: TaskEnvironment, over: ModeName) -> None:
    """If no record matches `stop_at`, the test fails."""
    with pytest.raises(TaskStateError, match=r"(?s)'\^nothing\$'; it ended as 'skipped'.*nothing to do"):
        env.run(skips_itself, over=over, stop_at="^nothing$")


@pytest.mark.parametrize("over", MODES)
def test_chosen_errors(env: TaskEnvironment, over: ModeName) -> None:
    """A test can choose the error of a request; the task sees the class of the real one."""
    for code, name in {"PERMISSION_DENIED": "PermissionDenied", "API_SERVER_ERROR": "ApiServerError"}.items():
        env.errors["GetVariable"] = code
        assert env.run(extract, over=over).log.has(f"Task failed with {name}")
    env.errors.clear()
    env.errors["SetXCom"] = "PERMISSION_DENIED"
    env.xcoms["extract"] = [{"amount": 3}]  # a chosen error does not concern the test's own XComs
    result = env.run(total, over=over)
    assert result.log.has("has 1 rows")
    assert result.log.has("Task failed with PermissionDenied")
    assert {key[0] for key in env.xcoms} == {"extract"}
    env.errors.clear()
    assert env.run(extract, over=over).state == "success"


@pytest.mark.parametrize("over", MODES)
def test_callbacks(env: TaskEnvironment, over: ModeName) -> None:
    """Callbacks run after the terminal message, and do not change the result."""
    assert env.run(succeeds_with_callbacks, over=over).raise_for_state().value == 1
    assert env.variables["end of succeeds_with_callbacks"] == "None"
    result = env.run(fails_with_callbacks, over=over).raise_for_state("failed")
    assert env.variables["end of fails_with_callbacks"] == "ValueError('bad row')"
    assert over == "sockets" or isinstance(result.exception, ValueError)
    assert result.log.has("The on_failure_callback number 1 failed", level="error", logger="dagfloe.callbacks")
