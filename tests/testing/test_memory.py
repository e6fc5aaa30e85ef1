"""A task that runs in memory leaves the process as it was, and is stopped as one in a process of its own."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import Client, Context, TaskTimeout
from dagfloe.testing import MisuseError, TaskEnvironment
from support.peer import until

if TYPE_CHECKING:
    from dagfloe import Dag


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


def test_other_handlers_see_no_secret(dagfloe_env: TaskEnvironment, dag: Dag, caplog: pytest.LogCaptureFixture) -> None:
    """What pytest shows of a task's log is masked, stacks included; a record without a secret is itself."""
    dagfloe_env.connections["db"] = "postgres://ann:hunter2@host"

    @dag.task
    def tells(client: Client, log: logging.Logger) -> None:
        password = client.get_connection("db").password
        log.info("password %s", password)
        log.info("plain %d", 5)
        raise ValueError(password)

    assert dagfloe_env.run(tells).state == "failed"
    assert caplog.messages[:2] == ["password ***", "plain 5"]
    assert caplog.records[1].args == (5,)
    assert "ValueError: ***" in caplog.text
    assert "hunter2" not in caplog.text
