"""Retries, going on after a wait, and a clock that stands still."""

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
    """A failing task is run again with the next try_number, without waiting, until it succeeds."""
    seen = []

    @dag.task
    def flaky(context: Context, client: Client) -> str:
        seen.append((context.try_number, context.max_tries, context.should_retry, dict(dagfloe_env.xcoms)))
        client.set_xcom(f"try-{context.try_number}", 1)
        if context.try_number < 3:
            raise OSError("busy")
        return "done"

    result = dagfloe_env.run(flaky, retries=5)
    assert (result.state, result.value) == ("success", "done")
    assert [each.state for each in result.tries] == ["up_for_retry", "up_for_retry", "success"]
    assert [each[:3] for each in seen] == [(1, 5, True), (2, 5, True), (3, 5, True)]
    # As in Airflow, a try does not see what an earlier one pushed.
    assert [each[3] for each in seen] == [{}, {}, {}]
    assert dict(dagfloe_env.xcoms) == {("flaky", "try-3", -1): 1, ("flaky", "return_value", -1): "done"}
    assert result.tries[0].retry_reason == "OSError: busy"


def test_retries_that_run_out(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """The last try fails for good."""

    @dag.task
    def never() -> None:
        raise OSError("busy")

    assert [each.state for each in dagfloe_env.run(never, retries=1).tries] == ["up_for_retry", "failed"]
    assert dagfloe_env.run(never, retries=1, try_number=2).state == "failed"
    assert dagfloe_env.run(never, max_tries=1).tries[-1].state == "up_for_retry"
    assert dagfloe_env.run(never).state == "failed"


def test_declared_retries(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """Unless the test says another number, a task has the retries that it declares; a clock that stands is moved on."""

    @dag.task(retries=2, retry_delay=timedelta(minutes=5))
    def never(context: Context) -> None:
        raise OSError(f"{context.start_date}")

    @dag.task(retry_policy=lambda _error, number: RetryDecision.retry(delay=number * 60))
    def slower() -> None:
        raise OSError("busy")

    assert dagfloe_env.run(never).state == "up_for_retry"
    dagfloe_env.now = NOON
    result = dagfloe_env.run(never, retries=2)
    assert [str(each.exception) for each in result.tries] == [
        str(NOON + timedelta(minutes=minutes)) for minutes in (0, 5, 10)
    ]
    dagfloe_env.now = NOON
    assert dagfloe_env.run(slower, retries=2).tries[1].retry_delay_s == 120
    assert dagfloe_env.now == NOON + timedelta(minutes=3)


# Going on


@pytest.fixture
def asking(dag: Dag) -> Callable[..., Task]:
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
def test_answer(dagfloe_env: TaskEnvironment, asking: Callable[..., Task], question: dict[str, Any]) -> None:
    """A human chooses, and fills in the form."""
    asked = dagfloe_env.run(asking(**question))
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


def test_nobody_answers(dagfloe_env: TaskEnvironment, asking: Callable[..., Task]) -> None:
    """When nobody answers in time, the defaults are taken."""
    asked = dagfloe_env.run(asking(defaults=["b"], timeout=60))
    assert dagfloe_env.answer(asked, None).value == [["b"], {"n": 1, "m": 2}, True, None]


def test_nobody_answers_and_there_are_no_defaults(dagfloe_env: TaskEnvironment, asking: Callable[..., Task]) -> None:
    """Without defaults, the task fails."""
    result = dagfloe_env.answer(dagfloe_env.run(asking()), None)
    assert isinstance(result.exception, HumanInputTimeout)


@pytest.mark.parametrize("method", ["resume", "answer", "poke_again"])
def test_task_that_does_not_wait(dagfloe_env: TaskEnvironment, dag: Dag, method: str) -> None:
    """What is done to a task that does not wait for it is refused."""
    done = dagfloe_env.run(dag.task(task_id="done")(lambda: 1))
    arguments = ["a"] if method == "answer" else []
    with pytest.raises(MisuseError, match=r"d.done is 'success'"):
        getattr(dagfloe_env, method)(done, *arguments)


def test_trigger_has_one_outcome(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """A trigger does not fire and fail at once."""

    @dag.task
    def waits() -> None:
        raise TaskDeferred("some.Trigger")

    with pytest.raises(MisuseError, match="not both"):
        dagfloe_env.resume(dagfloe_env.run(waits), event=1, error="x")


def test_poking(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """A sensor is run again and again, by a clock that stands still in between, until its time is over."""
    found: list[int] = []

    @dag.task
    def sensor(client: Client) -> Any:
        return client.poke(lambda: found, interval=600, timeout=3600)

    dagfloe_env.now = NOON
    first = dagfloe_env.run(sensor)
    assert first.reschedule_date == NOON + timedelta(minutes=10)
    second = dagfloe_env.poke_again(first)
    assert (second.state, dagfloe_env.now) == ("up_for_reschedule", NOON + timedelta(minutes=10))
    found.append(7)
    assert dagfloe_env.poke_again(second).value == [7]
    found.clear()
    result = second
    for _ in range(4):
        result = dagfloe_env.poke_again(result)
    assert result.state == "up_for_reschedule"
    last = dagfloe_env.poke_again(result)
    assert last.log.has("did not hold within 3600 s")


# Time


def test_frozen_clock(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """What dagfloe reads stands still, what the author reads goes on, and afterwards all is as it was."""

    @dag.task
    def look(context: Context, client: Client) -> list[bool]:
        from_text = HumanAnswer.from_event({"responded_at": NOON.isoformat()}).responded_at
        same = [context.start_date == NOON, client.dag_runs.get().logical_date == NOON, from_text == NOON]
        return [*same, type(from_text) is datetime, datetime.now(tz=timezone.utc) > NOON]

    dagfloe_env.now = dagfloe_env.dag_run.logical_date = NOON
    result = dagfloe_env.run(look)
    assert result.raise_for_state().value == [True] * 5
    assert result.terminal["end_date"] == NOON
    dagfloe_env.now = None
    assert dagfloe_env.run(look).terminal["end_date"] > NOON


def test_frozen_clock_of_a_client(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """A client without a running task, and the store that answers it, read the same clock; it may be set later on."""
    client = dagfloe_env.client(dag.task(task_id="t")(lambda: 1))
    dagfloe_env.now = NOON
    run_id = client.dag_runs.trigger("other")
    assert run_id == f"manual__{NOON.isoformat()}"
    assert dagfloe_env.store.runs["other", run_id].run_after == NOON
    client.task_state_store.set("k", 1, retention=timedelta(hours=1))
    assert dagfloe_env.requests[-1]["expires_at"] == NOON + timedelta(hours=1)
