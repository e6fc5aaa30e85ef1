"""The time limit of a task."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from dagfloe import TaskTimeout
from dagfloe.cancellation import Cancellation
from dagfloe.runtime.process.signals import TimeLimit
from support.peer import DEADLINE_S


def busy() -> None:
    """Run Python code without end."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        pass


@pytest.mark.parametrize(
    "work",
    [busy, lambda: time.sleep(DEADLINE_S), lambda: threading.Event().wait(DEADLINE_S)],
    ids=["busy", "sleep", "wait"],
)
def test_late_task_is_interrupted(work: object) -> None:
    """A task that runs too long gets TaskTimeout at any point, with the limit in the message."""
    cancellation = Cancellation()
    began = time.monotonic()
    with TimeLimit(0.05, cancellation):
        cancellation.arm()
        with pytest.raises(TaskTimeout, match=r"longer than its execution_timeout of 0\.05 s"):
            work()  # type: ignore[operator]
        cancellation.disarm()
    assert time.monotonic() - began < DEADLINE_S / 2


def test_limit_that_is_not_reached() -> None:
    """After the block, the timer is off and the previous handler is restored."""
    signals: list[int] = []

    def before(number: int, _frame: object) -> None:
        signals.append(number)

    original = signal.signal(signal.SIGALRM, before)
    try:
        cancellation = Cancellation()
        with TimeLimit(DEADLINE_S, cancellation):
            cancellation.arm()
            cancellation.disarm()
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
        assert signal.getsignal(signal.SIGALRM) is before
    finally:
        signal.signal(signal.SIGALRM, original)
    assert signals == []


def test_limit_that_the_task_swallows_comes_once() -> None:
    """A task that catches the timeout is not interrupted again."""
    cancellation = Cancellation()
    raised = 0
    with TimeLimit(0.02, cancellation):
        cancellation.arm()
        for _ in range(2):
            try:
                deadline = time.monotonic() + 0.2
                while time.monotonic() < deadline:
                    time.sleep(0.01)
            except TaskTimeout:
                raised += 1
        cancellation.disarm()
    assert raised == 1


def test_only_the_first_limit_counts() -> None:
    """If the stop and the timeout coincide, the task gets the first one, after its cleanup callbacks."""
    cancellation = Cancellation()
    cleaned: list[str] = []
    cancellation.on_cancel(lambda: cleaned.append("cleaned"))
    cancellation.time_out("first")
    cancellation.time_out("second")
    with pytest.raises(TaskTimeout, match="first"):
        cancellation.arm()
    assert cleaned == ["cleaned"]
