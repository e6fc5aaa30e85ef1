"""Tests that a task in memory restores the process, and stops like a task in its own process."""

from __future__ import annotations

import logging
import os
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


def test_process_is_restored(dagfloe_env: TaskEnvironment, dag: Dag, caplog: pytest.LogCaptureFixture) -> None:
    """Handlers, levels, streams and hooks are restored after any change by the task; caplog sees its records."""
    console = logging.StreamHandler(sys.stderr)
    root = logging.getLogger()
    root.addHandler(console)
    before: list[Any] = [
        root.handlers[:],
        root.level,
        sys.stdout,
        sys.stderr,
        threading.excepthook,
        warnings.showwarning,
    ]

    @dag.task
    def change_process() -> None:
        logging.getLogger().addHandler(logging.NullHandler())
        logging.getLogger().setLevel("ERROR")
        logging.getLogger("task").error("logged")
        sys.stdout = sys.__stdout__
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()

    try:
        result = dagfloe_env.run(change_process)
    finally:
        root.removeHandler(console)
        before[0].remove(console)
    after = [root.handlers[:], root.level, sys.stdout, sys.stderr, threading.excepthook, warnings.showwarning]
    assert after == before
    assert "logged" in caplog.messages
    assert result.log.has("Uncaught exception in thread")


def test_forked_child_does_not_return(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """A child that a task forks, and that returns from it, does not run the rest of the tests."""

    @dag.task
    def fork() -> int:
        child = os.fork()
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else 5

    parent = os.getpid()
    assert dagfloe_env.run(fork).value == 0
    assert os.getpid() == parent


def raise_in_filter(_record: logging.LogRecord) -> bool:
    """A filter that fails."""
    raise LookupError("no filter today")


@pytest.mark.parametrize("setting", ["disable", "handlers", "filter"])
def test_exception_is_found_whatever_logging_does(dagfloe_env: TaskEnvironment, dag: Dag, setting: str) -> None:
    """The exception of a task is in its result and in its log, although the task changed logging."""

    @dag.task
    def change() -> None:
        if setting == "disable":
            logging.disable()
        elif setting == "handlers":
            logging.getLogger().handlers.clear()
        else:
            logging.getLogger("dagfloe.task").addFilter(raise_in_filter)
        raise ValueError("why")

    try:
        result = dagfloe_env.run(change)
    finally:
        logging.disable(logging.NOTSET)
        logging.getLogger("dagfloe.task").removeFilter(raise_in_filter)
    assert result.state == "failed"
    assert isinstance(result.exception, ValueError)
    assert result.log.has("Task failed with ValueError")


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), pytest.skip.Exception("not here")], ids=lambda e: type(e).__name__
)
def test_exceptions_of_pytest(dagfloe_env: TaskEnvironment, dag: Dag, error: BaseException) -> None:
    """Ctrl-C, and the exceptions with which pytest ends a test, pass through the task."""

    @dag.task
    def raises() -> None:
        raise error

    with pytest.raises(type(error)):
        dagfloe_env.run(raises)


def test_malformed_record(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """If a record's arguments do not fit its format, the log has it all the same, and pytest fails the task."""

    @dag.task
    def log_malformed_record(log: logging.Logger) -> None:
        log.info("%d rows", "no")

    result = dagfloe_env.run(log_malformed_record)
    assert result.log.has("%d rows .*do not fit: TypeError", level="info")
    assert isinstance(result.exception, TypeError)


def test_stop_from_another_thread(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """A record of another thread stops the task; a shield delays the stop."""

    @dag.task
    def work(context: Context, log: logging.Logger) -> None:
        with context.shield():
            thread = threading.Thread(target=log.info, args=("ready",))
            thread.start()
            thread.join()
            log.info("in the shield")
        log.info("after the stop")

    result = dagfloe_env.run(work, stop_at="ready")
    assert result.log.messages[:2] == ["ready", "in the shield"]
    assert not result.log.has("after the stop")
    assert result.state == "failed"


def test_stop_off_the_main_thread(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """Signals reach the main thread only, so a stop in another thread is refused."""
    task = dag.task(task_id="t")(lambda: 1)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            dagfloe_env.run(task, stop_at="x")
        except MisuseError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert "main thread only" in str(errors[0])


def test_time_limit(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """A task has its execution_timeout; afterwards, the test's own timer continues."""
    alarms: list[int] = []

    @dag.task(execution_timeout=0.05)
    def slow(context: Context) -> None:
        context.on_cancel(lambda: alarms.append(1))
        threading.Event().wait(20)

    before = signal.signal(signal.SIGALRM, lambda *_: alarms.append(2))
    try:
        signal.setitimer(signal.ITIMER_REAL, 30)
        assert isinstance(dagfloe_env.run(slow).exception, TaskTimeout)
        assert 20 < signal.getitimer(signal.ITIMER_REAL)[0] < 30
        signal.setitimer(signal.ITIMER_REAL, 0.04)  # it expires while the task runs, and is delivered afterwards
        assert dagfloe_env.run(slow).state == "failed"
        until(lambda: 2 in alarms, "the test's own timer")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert sorted(alarms) == [1, 1, 2]


def test_secrets_in_other_handlers(dagfloe_env: TaskEnvironment, dag: Dag, caplog: pytest.LogCaptureFixture) -> None:
    """Pytest sees masked records, tracebacks included; a record without a secret is unchanged."""
    dagfloe_env.connections["db"] = "postgres://ann:hunter2@host"

    @dag.task
    def log_password(client: Client, log: logging.Logger) -> None:
        password = client.get_connection("db").password
        log.info("password %s", password)
        log.info("plain %d", 5)
        raise ValueError(password)

    assert dagfloe_env.run(log_password).state == "failed"
    assert caplog.messages[:2] == ["password ***", "plain 5"]
    assert caplog.records[1].args == (5,)
    assert "ValueError: ***" in caplog.text
    assert "hunter2" not in caplog.text
