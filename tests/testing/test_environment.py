"""What a test fills into an environment, and what becomes of it; retries, time, and calls without a running task."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import warnings
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe import (
    Bundle,
    Client,
    Connection,
    Context,
    DagfloeError,
    HumanAnswer,
    HumanInputTimeout,
    PermissionDenied,
    RetryDecision,
    TaskDeferred,
    TaskTimeout,
    ValueNotSerializableError,
    VariableNotFound,
)
from dagfloe.testing import DagRunRecord, MisuseError, TaskEnvironment
from support.peer import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dagfloe import Dag, Task

NOON = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def dag() -> Dag:
    """A Dag to register tasks in."""
    return Bundle().dag("d")


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
    assert last.log.has("did not come within 3600 s")


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


# What is filled in


def test_dag_run(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """The Dag run is what the test says; the interval and the date after which it runs follow its logical date."""
    seen: list[Context] = []

    @dag.task
    def look(context: Context) -> None:
        seen.append(context)

    dagfloe_env.run(look, try_number=2, max_tries=4, map_index=3)
    run = dagfloe_env.dag_run
    run.run_id, run.run_type, run.logical_date, run.note = "scheduled__1", "scheduled", NOON, "note"
    run.conf = {"day": 1}
    run.data_interval_end = NOON + timedelta(days=1)
    dagfloe_env.run(look)
    run.logical_date = run.data_interval_end = None
    dagfloe_env.run(look)
    first, second, third = seen
    assert (first.run_id, first.try_number, first.max_tries, first.map_index) == (
        "manual__2026-01-01T00:00:00+00:00",
        2,
        4,
        3,
    )
    assert (second.run_id, second.dag_run.run_type, second.dag_run.conf) == ("scheduled__1", "scheduled", {"day": 1})
    assert (second.logical_date, second.dag_run.data_interval_start, second.dag_run.run_after) == (NOON, NOON, NOON)
    assert (second.dag_run.data_interval_end, second.dag_run.note) == (NOON + timedelta(days=1), "note")
    assert (third.logical_date, third.dag_run.data_interval_end) == (None, None)
    assert third.dag_run.run_after is not None


def test_history(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """Tasks see the run, what ran before in it, runs that the test made up, and what outlives a try."""

    @dag.task
    def first(client: Client) -> None:
        if client.task_state_store.get("seen", default=0) == 0:
            client.task_state_store.set("seen", 1)
            raise OSError("busy")

    @dag.task
    def second(client: Client, context: Context) -> list[Any]:
        previous = client.dag_runs.previous()
        states = client.task_instances.states()[context.run_id]
        return [client.dag_runs.state(), previous and previous.run_id, states, client.dag_runs.get().conf]

    earlier = NOON - timedelta(days=1)
    dagfloe_env.dag_run.logical_date = NOON
    dagfloe_env.dag_run.conf["n"] = 1
    record = DagRunRecord(dag_id="d", run_id="earlier", run_after=earlier, logical_date=earlier, state="success")
    dagfloe_env.store.save_run(record)
    assert [each.state for each in dagfloe_env.run(first, retries=2).tries] == ["up_for_retry", "success"]
    states = {"first": "success", "second": "running"}
    assert dagfloe_env.run(second).raise_for_state().value == ["running", "earlier", states, {"n": 1}]


def test_variables() -> None:
    """Variables are texts; other values are written as JSON."""
    env = TaskEnvironment()
    env.variables.update(text="x", number=5, nothing=None, rows=[{"a": 1}])
    client = env.client()
    assert client.get_variable("text") == "x"
    assert client.get_variable("rows", deserialize_json=True) == [{"a": 1}]
    client.set_variable("written", "y")
    client.delete_variable("number")
    assert dict(env.variables) == {"text": "x", "nothing": None, "rows": '[{"a": 1}]', "written": "y"}
    assert len(env.variables) == 4
    del env.variables["text"]
    with pytest.raises(VariableNotFound):
        client.get_variable("text")


def test_connections() -> None:
    """Connections are given as a URI, as JSON, as fields or as they are."""
    env = TaskEnvironment()
    env.connections["uri"] = "http://ann:pw1234@host:80/x"
    env.connections["json"] = '{"conn_type": "http", "host": "host"}'
    env.connections["fields"] = {"conn_type": "http", "port": 80, "extra": {"a": 1}}
    env.connections["own"] = Connection("own", "sqlite", host="file")
    client = env.client()
    assert client.get_connection("uri").login == "ann"
    assert client.get_connection("json").host == "host"
    assert client.get_connection("fields").extra == {"a": 1}
    assert client.get_connection("own") == env.connections["own"]
    assert sorted(env.connections) == ["fields", "json", "own", "uri"]
    del env.connections["uri"]
    assert len(env.connections) == 3
    with pytest.raises(MisuseError, match="'own' cannot be set as 'other'"):
        env.connections["other"] = Connection("own", "sqlite")
    with pytest.raises(DagfloeError, match="malformed") as caught:
        env.connections["bad"] = "hunter2"
    assert "hunter2" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.dates() | st.just((1, 2)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_xcom_values(value: Any) -> None:
    """A value that is filled in is what a task reads, dates and tuples included."""
    env = TaskEnvironment()
    env.xcoms["up"] = value
    assert env.xcoms["up"] == value
    assert env.client().get_xcom("up", default=None) == value


def test_xcom_places() -> None:
    """XComs have a key and a map index; what a client writes and deletes is seen, and what a test deletes is gone."""
    env = TaskEnvironment()
    env.xcoms["up", "key"] = 1
    env.xcoms["up", "key", 4] = 2
    client = env.client()
    assert (client.get_xcom("up", "key"), client.get_xcom("up", "key", map_index=4)) == (1, 2)
    client.set_xcom("mine", 3)
    assert env.xcoms["task", "mine"] == 3
    assert set(env.xcoms) == {("up", "key", -1), ("up", "key", 4), ("task", "mine", -1)}
    del env.xcoms["up", "key"]
    assert len(env.xcoms) == 2
    assert env.client().get_xcom("up", "key", default="none") == "none"
    assert "3" not in repr(env.xcoms)
    with pytest.raises(KeyError):
        env.xcoms["none"]


# Calls without a running task


def test_direct_calls(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """A task's function is called as it is, with a made client and context."""

    @dag.task
    def load(rows: list[int], client: Client, context: Context, log: logging.Logger) -> int:
        client.set_xcom("try", context.try_number)
        log.info("loading")
        return len(rows)

    client, context = dagfloe_env.client(load, try_number=2), dagfloe_env.context(load, try_number=2)
    assert load([1, 2], client, context, logging.getLogger("test")) == 2
    assert dagfloe_env.xcoms["load", "try"] == 2
    assert (context.dag_id, context.task_id, context.try_number, context.cancelled) == ("d", "load", 2, False)
    assert [body["type"] for body in dagfloe_env.requests] == ["SetXCom"]
    dagfloe_env.errors["SetXCom"] = "PERMISSION_DENIED"
    with pytest.raises(PermissionDenied):
        client.set_xcom("x", 1)


# What a task in memory leaves behind


def test_process_is_as_before(dagfloe_env: TaskEnvironment, dag: Dag, caplog: pytest.LogCaptureFixture) -> None:
    """Handlers, levels, streams and hooks are restored, whatever the task does to them; caplog sees its records."""
    console = logging.StreamHandler(sys.stderr)
    root = logging.getLogger()
    root.addHandler(console)
    kept: list[Any] = [root.handlers[:], root.level, sys.stdout, sys.stderr, threading.excepthook, warnings.showwarning]

    @dag.task
    def wild() -> None:
        logging.getLogger().addHandler(logging.NullHandler())
        logging.getLogger().setLevel("ERROR")
        logging.getLogger("wild").error("seen")
        sys.stdout = sys.__stdout__
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()

    try:
        result = dagfloe_env.run(wild)
    finally:
        root.removeHandler(console)
        kept[0].remove(console)
    now = [root.handlers[:], root.level, sys.stdout, sys.stderr, threading.excepthook, warnings.showwarning]
    assert now == kept
    assert "seen" in caplog.messages
    assert result.log.has("Uncaught exception in thread")


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), pytest.skip.Exception("not here")], ids=lambda e: type(e).__name__
)
def test_what_ends_a_test_passes_through(dagfloe_env: TaskEnvironment, dag: Dag, error: BaseException) -> None:
    """Ctrl-C, and what pytest skips and fails a test with, are no failure of the task."""

    @dag.task
    def ends() -> None:
        raise error

    with pytest.raises(type(error)):
        dagfloe_env.run(ends)


def test_arguments_of_a_record_that_do_not_fit(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """Airflow's log has the record in some form; pytest fails the task for it, as it does everywhere."""

    @dag.task
    def odd(log: logging.Logger) -> None:
        log.info("%d rows", "no")

    result = dagfloe_env.run(odd)
    assert result.log.has("%d rows .*do not fit: TypeError", level="info")
    assert isinstance(result.exception, TypeError)


def test_stop_from_another_thread(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """The record at which a task is stopped may come from a thread of its own, and a task may shield itself."""

    @dag.task
    def work(context: Context, log: logging.Logger) -> None:
        with context.shield():
            thread = threading.Thread(target=log.info, args=("ready",))
            thread.start()
            thread.join()
            log.info("still here")
        log.info("never")

    result = dagfloe_env.run(work, stop_at="ready")
    assert result.log.messages[:2] == ["ready", "still here"]
    assert not result.log.has("never")
    assert result.state == "failed"


def test_stop_off_the_main_thread(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """Signals reach the main thread only, so a stop elsewhere is refused."""
    task = dag.task(task_id="t")(lambda: 1)
    caught: list[BaseException] = []

    def run() -> None:
        try:
            dagfloe_env.run(task, stop_at="x")
        except MisuseError as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert "main thread only" in str(caught[0])


def test_time_limit(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """A task has its execution_timeout, and a timer of the test's own goes on afterwards."""
    rang: list[int] = []

    @dag.task(execution_timeout=0.05)
    def slow(context: Context) -> None:
        context.on_cancel(lambda: rang.append(1))
        threading.Event().wait(20)

    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(2))
    try:
        signal.setitimer(signal.ITIMER_REAL, 30)
        assert isinstance(dagfloe_env.run(slow).exception, TaskTimeout)
        assert 20 < signal.getitimer(signal.ITIMER_REAL)[0] < 30
        signal.setitimer(signal.ITIMER_REAL, 0.04)  # it goes off while the task runs, and is heard afterwards
        assert dagfloe_env.run(slow).state == "failed"
        until(lambda: 2 in rang, "the test's own timer")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert sorted(rang) == [1, 1, 2]


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "t"}, "'t' is no registered task"),
        ({"over": "carrier pigeon"}, "memory or sockets"),
        ({"over": "sockets", "file": "x"}, "leave `over` out"),
        ({"dag_id": "d"}, "knows its Dag"),
        ({"task": "t", "file": __file__}, "no bundle file that can be run"),
        ({"task": "t", "file": "no/such/file"}, "no bundle file that can be run: .*No such file"),
    ],
)
def test_mistakes(dagfloe_env: TaskEnvironment, dag: Dag, arguments: dict[str, Any], message: str) -> None:
    """What cannot be run is refused with the reason."""
    task = dag.task(task_id="t")(lambda: 1)
    with pytest.raises(MisuseError, match=message):
        dagfloe_env.run(**{"task": task, **arguments})


def test_values_that_cannot_be(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """Values that no Airflow has are refused where they are filled in, or when a task is run with them."""
    task = dag.task(task_id="t")(lambda: 1)
    noon = NOON.replace(tzinfo=None)
    for bad in (object(), {1, 2}):
        with pytest.raises(ValueNotSerializableError):
            dagfloe_env.variables["x"] = bad
        with pytest.raises(ValueNotSerializableError):
            dagfloe_env.connections["x"] = {"conn_type": "http", "extra": {"x": bad}}
        with pytest.raises(ValueNotSerializableError):
            dagfloe_env.run(task, arguments={"x": bad})
    with pytest.raises(MisuseError, match="an XCom is at"):
        dagfloe_env.xcoms["a", "b", 1, 2] = 1
    with pytest.raises(MisuseError, match="no regular expression"):
        dagfloe_env.run(task, stop_at="(")
    dagfloe_env.dag_run.conf["x"] = object()
    with pytest.raises(ValueNotSerializableError):
        dagfloe_env.run(task)
    dagfloe_env.dag_run.conf.clear()
    dagfloe_env.now = noon
    with pytest.raises(MisuseError, match="now has no time zone"):
        dagfloe_env.run(task)
    dagfloe_env.now, dagfloe_env.dag_run.logical_date = None, noon
    with pytest.raises(MisuseError, match="logical_date has no time zone"):
        dagfloe_env.run(task)


def test_file_that_does_not_start(dagfloe_env: TaskEnvironment, dag: Dag, tmp_path: Path) -> None:
    """A file that dies before it connects is a failed task, with what it said."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho sorry\nexit 3\n")
    program.chmod(0o755)
    result = dagfloe_env.run(dag.task(task_id="t")(lambda: 1), file=program)
    assert result.state == "failed"
    with pytest.raises(AssertionError, match=r"(?s)status 3, before it had connected.*sorry"):
        result.raise_for_state()
