"""A task behaves in memory as it does over sockets: state, requests, log and all that follows from them."""

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
WAYS: tuple[ModeName, ...] = ("memory", "sockets")

bundle = Bundle()
dag = bundle.dag("ways")
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
def says(client: Client) -> None:
    secret = client.get_connection("db").password
    print("printed", secret)  # noqa: T201 - it is the task's
    sys.stderr.write("unfinished")
    warnings.warn("be warned", stacklevel=1)
    module_log.debug("left out")
    module_log.error("%s is secret", client.get_variable("api_key"))


@dag.task
def fails() -> None:
    raise ValueError("bad row")


@dag.task
def exits() -> None:
    sys.exit(3)


@dag.task
def fails_at_once() -> None:
    raise TaskFailed("no use")


@dag.task
def is_skipped() -> None:
    raise TaskSkipped("nothing to do")


@dag.task(retry_policy=lambda error, _number: RetryDecision.retry(delay=7, reason=f"again: {error}"))
def tries_again() -> None:
    raise OSError("busy")


@dag.task
def asks_in_vain(client: Client) -> None:
    client.get_variable("none")


@dag.task
def waits() -> None:
    raise TaskDeferred("some.Trigger", {"at": DATE}, resume="arrived", kwargs={"n": 1}, timeout=60)


@waits.resume
def arrived(event: str, n: int) -> str:
    return f"{event}{n}"


@dag.task
def asks(client: Client) -> None:
    client.human_input.ask("Go?", ["yes", "no"], resume="told", params={"why": "-"})


@asks.resume
def told(event: HumanAnswer) -> str:
    return f"{event.chosen_options[0]}, {event.params_input['why']}"


@dag.task
def looks_later() -> None:
    raise TaskRescheduled(DATE)


@dag.branch
def chooses() -> str:
    return "fails"


@dag.task
def needs_more(missing: int) -> int:
    return missing


@dag.task
def squares(number: int) -> int:
    return number * number


@dag.task
def is_stopped(context: Context, log: logging.Logger) -> None:
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
    chooses() >> [fails, exits]

ENDS = {
    extract: "success",
    total: "success",
    says: "success",
    fails: "failed",
    exits: "failed",
    fails_at_once: "failed",
    is_skipped: "skipped",
    tries_again: "failed",
    asks_in_vain: "failed",
    waits: "deferred",
    asks: "awaiting_input",
    looks_later: "up_for_reschedule",
    chooses: "success",
    needs_more: "failed",
}


@pytest.fixture
def env(dagfloe_env: TaskEnvironment) -> TaskEnvironment:
    """What the tasks above need."""
    dagfloe_env.variables.update(amount=40, api_key="k-hunter2")
    dagfloe_env.connections["db"] = "postgres://ann:hunter2@host/db"
    dagfloe_env.xcoms["extract"] = [{"amount": 2}]
    dagfloe_env.dag_run.conf["n"] = 5
    return dagfloe_env


def timeless(body: Any) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "end_date"}


@pytest.mark.filterwarnings("default")  # the task's warnings are for its log
@pytest.mark.parametrize("task", ENDS, ids=lambda task: task.task_id)
def test_both_ways_are_one(env: TaskEnvironment, task: Task) -> None:
    """Whatever a task does, both ways give one state, one list of messages and one log."""
    memory, sockets = (env.run(task, over=way, max_tries=int(task is tries_again)) for way in WAYS)
    assert memory.state == sockets.state == ("up_for_retry" if task is tries_again else ENDS[task])
    assert list(map(timeless, memory.requests)) == list(map(timeless, sockets.requests))
    seen = [[(each.level, each.logger, each.event) for each in result.log] for result in (memory, sockets)]
    assert seen[0] == seen[1]
    assert (memory.xcoms, memory.outlet_events, memory.skipped) == (
        sockets.xcoms,
        sockets.outlet_events,
        sockets.skipped,
    )
    assert (memory.exception is None) == (memory.state != "failed" and task is not tries_again)
    assert sockets.exception is None
    assert sockets.error is None


@pytest.mark.parametrize("over", WAYS)
def test_values(env: TaskEnvironment, over: ModeName) -> None:
    """What tasks push is there for a test, and for the tasks after them."""
    first = env.run(extract, over=over)
    assert first.xcoms == {"rows": 2, "return_value": [{"amount": 40}, {"amount": 2}]}
    assert (env.xcoms["extract"], env.xcoms["extract", "rows"]) == (first.value, 2)
    assert ("extract", "gone", -1) not in env.xcoms
    second = env.run(total, over=over)
    assert second.xcoms == {"total": 42, "return_value": {"total": 42}}
    assert second.log.has(r"^run manual__.* has 2 rows$", level="info", logger="ways.total")
    assert second.log[0].fields == {"conf": 5}
    assert [event["extra"] for event in second.outlet_events] == [{"rows": 2}]
    assert env.results == [first, second]
    assert env.requests == [*first.requests, *second.requests]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("over", WAYS)
def test_log(env: TaskEnvironment, over: ModeName) -> None:
    """Prints and warnings are records; levels count; secrets are masked, and no repr shows one."""
    log = env.run(says, over=over).log
    assert log.has("^printed [*]{3}$", logger="task.stdout")
    assert log.has("^unfinished$", level="error", logger="task.stderr")
    assert log.has("be warned", level="warning", logger="py.warnings")
    assert log.has("^[*]{3} is secret$", level="error")
    assert not log.has("left out")
    assert "hunter2" not in f"{log!r}{env.results!r}{env.variables!r}{env.connections!r}{env.store!r}{env.dag_run!r}"
    env.level = "DEBUG"
    assert env.run(says, over=over).log.has("left out", level="debug")


@pytest.mark.parametrize("over", WAYS)
def test_how_it_failed(env: TaskEnvironment, over: ModeName) -> None:
    """A test that expects success is told the reason and shown the log."""
    with pytest.raises(TaskStateError, match=r"ways\.fails ended as 'failed', not 'success'") as caught:
        env.run(fails, over=over).raise_for_state()
    assert "Task failed with ValueError" in str(caught.value)
    assert "ValueError: bad row" in str(caught.value)
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value.__cause__, ValueError) == (over == "memory")
    assert env.run(fails, over=over).raise_for_state("failed").state == "failed"


@pytest.mark.parametrize("over", WAYS)
def test_going_on(env: TaskEnvironment, over: ModeName) -> None:
    """Deferred, asked and rescheduled tasks go on in the way in which they were run."""
    deferred = env.run(waits, over=over)
    assert (deferred.trigger, deferred.trigger_kwargs, deferred.resumes_in) == ("some.Trigger", {"at": DATE}, "arrived")
    assert env.resume(deferred, event="x").value == "x1"
    failed = env.resume(deferred, error="Trigger timeout")
    assert failed.state == "failed"
    assert failed.log.has("Task failed with TriggerTimeout")
    answered = env.answer(env.run(asks, over=over), "yes", {"why": "because"})
    assert answered.value == "yes, because"
    later = env.run(looks_later, over=over)
    assert later.reschedule_date == DATE
    assert env.poke_again(later).state == "up_for_reschedule"


@pytest.mark.parametrize("over", WAYS)
def test_arguments(env: TaskEnvironment, over: ModeName) -> None:
    """Arguments come from the block, by map index, or from the test."""
    assert env.run(squares, over=over, map_index=2).value == 9
    assert env.run(squares, over=over, arguments={"number": 12}).value == 144
    assert env.run(needs_more, over=over, arguments={"missing": "five"}).log.has("Task failed with BindingError")


@pytest.mark.parametrize("over", WAYS)
def test_stop(env: TaskEnvironment, over: ModeName) -> None:
    """A task that is told to stop cleans up, and has failed."""
    result = env.run(is_stopped, over=over, stop_at="^working$", max_tries=3)
    assert result.state == "failed"
    said = [record.event for record in result.log.find(logger="ways.is_stopped")]
    assert said == ["working", "cleaned up", "stopped, True"]
    assert result.log.has("SIGTERM", level="error")


@pytest.mark.parametrize("over", WAYS)
def test_stop_that_never_comes(env: TaskEnvironment, over: ModeName) -> None:
    """A test of a stop that tests none is told so."""
    with pytest.raises(TaskStateError, match=r"(?s)'\^nothing\$'; it ended as 'skipped'.*nothing to do"):
        env.run(is_skipped, over=over, stop_at="^nothing$")


@pytest.mark.parametrize("over", WAYS)
def test_errors_that_are_asked_for(env: TaskEnvironment, over: ModeName) -> None:
    """A request may be answered with an error, of the class that the real one has."""
    for code, name in {"PERMISSION_DENIED": "PermissionDenied", "API_SERVER_ERROR": "ApiServerError"}.items():
        env.errors["GetVariable"] = code
        assert env.run(extract, over=over).log.has(f"Task failed with {name}")
    env.errors.clear()
    env.errors["SetXCom"] = "PERMISSION_DENIED"
    env.xcoms["extract"] = [{"amount": 3}]  # what a test fills in is there all the same
    result = env.run(total, over=over)
    assert result.log.has("has 1 rows")
    assert result.log.has("Task failed with PermissionDenied")
    assert {place[0] for place in env.xcoms} == {"extract"}
    env.errors.clear()
    assert env.run(extract, over=over).state == "success"
