"""Tests of retries, of tasks that resume, and of the frozen clock."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import Client, Context, HumanAnswer, HumanInputTimeout, RetryDecision, TaskDeferred
from dagfloe.testing import MisuseError, TaskEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagfloe import Dag, Task

NOON = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)


# Retries


def test_retries(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """A failing task runs again with the next try_number, without a wait, until it succeeds."""
    tries = []

    @dag.task
    def flaky(context: Context, client: Client) -> str:
        tries.append((context.try_number, context.max_tries, context.should_retry, dict(dagfloe_env.xcoms)))
        client.set_xcom(f"try-{context.try_number}", 1)
        if context.try_number < 3:
            raise OSError("busy")
        return "done"

    result = dagfloe_env.run(flaky, retries=5)
    assert (result.state, result.value) == ("success", "done")
    assert [attempt.state for attempt in result.tries] == ["up_for_retry", "up_for_retry", "success"]
    assert [fields[:3] for fields in tries] == [(1, 5, True), (2, 5, True), (3, 5, True)]
    # As in Airflow, a try does not see the XComs of earlier tries.
    assert [fields[3] for fields in tries] == [{}, {}, {}]
    assert dict(dagfloe_env.xcoms) == {("flaky", "try-3", -1): 1, ("flaky", "return_value", -1): "done"}
    assert result.tries[0].retry_reason == "OSError: busy"


def test_last_try(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """The last try fails without a retry."""

    @dag.task
    def fail() -> None:
        raise OSError("busy")

    assert [attempt.state for attempt in dagfloe_env.run(fail, retries=1).tries] == ["up_for_retry", "failed"]
    assert dagfloe_env.run(fail, retries=1, try_number=2).state == "failed"
    assert dagfloe_env.run(fail, max_tries=1).tries[-1].state == "up_for_retry"
    assert dagfloe_env.run(fail).state == "failed"


def test_declared_retries(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """By default a task has the retries that it declares; retries advance the frozen clock."""

    @dag.task(retries=2, retry_delay=timedelta(minutes=5))
    def fail(context: Context) -> None:
        raise OSError(f"{context.start_date}")

    @dag.task(retry_policy=lambda _error, number: RetryDecision.retry(delay=number * 60))
    def slower() -> None:
        raise OSError("busy")

    assert dagfloe_env.run(fail).state == "up_for_retry"
    dagfloe_env.now = NOON
    result = dagfloe_env.run(fail, retries=2)
    assert [str(attempt.exception) for attempt in result.tries] == [
        str(NOON + timedelta(minutes=minutes)) for minutes in (0, 5, 10)
    ]
    dagfloe_env.now = NOON
    assert dagfloe_env.run(slower, retries=2).tries[1].retry_delay_s == 120
    assert dagfloe_env.now == NOON + timedelta(minutes=3)


# Tasks that wait


@pytest.fixture
def register_asking_task(dag: Dag) -> Callable[..., Task]:
    """Registers a task that asks a human."""

    def register(**question: Any) -> Task:
        @dag.task
        def ask(client: Client, event: HumanAnswer | None = None) -> Any:
            if event is None:
                client.human_input.ask("Which?", ["a", "b"], params={"n": 1, "m": 2}, **question)
            return [list(event.chosen_options), event.params_input, event.timedout, event.responded_by_user]

        return ask

    return register


@pytest.mark.parametrize("question", [{}, {"poll": 5}], ids=["parked", "polling"])
def test_answer(
    dagfloe_env: TaskEnvironment, register_asking_task: Callable[..., Task], question: dict[str, Any]
) -> None:
    """A human chooses an option, and fills in the form."""
    asked = dagfloe_env.run(register_asking_task(**question))
    assert asked.question
    assert (asked.question["subject"], asked.question["options"]) == ("Which?", ["a", "b"])
    user = {"id": "ann", "name": "ann"}
    assert dagfloe_env.answer(asked, "a", {"n": 5}, user="ann").value == [["a"], {"n": 5, "m": 2}, False, user]
    with pytest.raises(MisuseError, match=r"choose one of \['a', 'b'\]"):
        dagfloe_env.answer(asked, "c")
    with pytest.raises(MisuseError, match="choose one of"):
        dagfloe_env.answer(asked, ["a", "b"])
    with pytest.raises(MisuseError, match="no param 'x', only"):
        dagfloe_env.answer(asked, "a", {"x": 1})


def test_nobody_answers(dagfloe_env: TaskEnvironment, register_asking_task: Callable[..., Task]) -> None:
    """When nobody answers in time, the defaults are taken."""
    asked = dagfloe_env.run(register_asking_task(defaults=["b"], timeout=60))
    assert dagfloe_env.answer(asked, None).value == [["b"], {"n": 1, "m": 2}, True, None]


def test_nobody_answers_without_defaults(
    dagfloe_env: TaskEnvironment, register_asking_task: Callable[..., Task]
) -> None:
    """Without defaults, the task fails."""
    result = dagfloe_env.answer(dagfloe_env.run(register_asking_task()), None)
    assert isinstance(result.exception, HumanInputTimeout)


@pytest.mark.parametrize("method", ["resume", "answer", "poke_again"])
def test_not_waiting(dagfloe_env: TaskEnvironment, dag: Dag, method: str) -> None:
    """A task that does not wait cannot resume."""
    done = dagfloe_env.run(dag.task(task_id="done")(lambda: 1))
    arguments = ["a"] if method == "answer" else []
    with pytest.raises(MisuseError, match=r"d.done is 'success'"):
        getattr(dagfloe_env, method)(done, *arguments)


def test_trigger_has_one_outcome(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """A trigger cannot both fire and fail."""

    @dag.task
    def defer() -> None:
        raise TaskDeferred("some.Trigger")

    with pytest.raises(MisuseError, match="not both"):
        dagfloe_env.resume(dagfloe_env.run(defer), event=1, error="x")


def test_poking(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """A sensor runs again, as the frozen clock advances, until its timeout."""
    rows: list[int] = []

    @dag.task
    def sensor(client: Client) -> Any:
        return client.poke(lambda: rows, interval=600, timeout=3600)

    dagfloe_env.now = NOON
    first = dagfloe_env.run(sensor)
    assert first.reschedule_date == NOON + timedelta(minutes=10)
    second = dagfloe_env.poke_again(first)
    assert (second.state, dagfloe_env.now) == ("up_for_reschedule", NOON + timedelta(minutes=10))
    rows.append(7)
    assert dagfloe_env.poke_again(second).value == [7]
    rows.clear()
    result = second
    for _ in range(4):
        result = dagfloe_env.poke_again(result)
    assert result.state == "up_for_reschedule"
    last = dagfloe_env.poke_again(result)
    assert last.log.has("did not hold within 3600 s")


# The clock


def test_frozen_clock(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """The clock stands still for dagfloe, but not for the task, and a later run may have the real time again."""

    @dag.task
    def compare_dates(context: Context, client: Client) -> list[bool]:
        parsed = HumanAnswer.from_event({"responded_at": NOON.isoformat()}).responded_at
        same = [context.start_date == NOON, client.dag_runs.get().logical_date == NOON, parsed == NOON]
        return [*same, type(parsed) is datetime, datetime.now(tz=timezone.utc) > NOON]

    dagfloe_env.now = dagfloe_env.dag_run.logical_date = NOON
    result = dagfloe_env.run(compare_dates)
    assert result.raise_for_state().value == [True] * 5
    assert result.terminal["end_date"] == NOON
    dagfloe_env.now = None
    assert dagfloe_env.run(compare_dates).terminal["end_date"] > NOON


def test_frozen_clock_of_a_client(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """A client without a running task, and the store that answers it, read the same clock; it may be set later on."""
    client = dagfloe_env.client(dag.task(task_id="t")(lambda: 1))
    dagfloe_env.now = NOON
    run_id = client.dag_runs.trigger("other")
    assert run_id == f"manual__{NOON.isoformat()}"
    assert dagfloe_env.store.runs["other", run_id].run_after == NOON
    client.task_state_store.set("k", 1, retention=timedelta(hours=1))
    assert dagfloe_env.requests[-1]["expires_at"] == NOON + timedelta(hours=1)
