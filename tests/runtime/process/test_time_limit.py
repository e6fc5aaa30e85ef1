"""The time limit of a task."""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import TaskTimeout
from dagfloe.cancellation import Cancellation
from dagfloe.runtime.process.main_thread import WAKE, MainThread
from dagfloe.runtime.process.signals import TimeLimit
from support.peer import DEADLINE_S

if TYPE_CHECKING:
    from types import FrameType


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
        cancellation.is_armed = False
    assert time.monotonic() - began < DEADLINE_S / 2


def test_limit_that_is_not_reached() -> None:
    """A limit leaves the author's timers and handlers alone, and raises nothing after its block."""
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    cancellation = Cancellation()
    with TimeLimit(DEADLINE_S, cancellation):
        cancellation.arm()
        cancellation.is_armed = False
        assert signal.getsignal(signal.SIGALRM) is before[0]
    assert signal.getitimer(signal.ITIMER_REAL)[1] == before[1][1]
    assert not cancellation.is_late
    assert not [thread for thread in threading.enumerate() if thread.name == "dagfloe-limit" and thread.is_alive()]


def test_limit_that_the_task_swallows_comes_again() -> None:
    """A task that catches the timeout and goes on is interrupted again, at any point."""
    cancellation = Cancellation()
    raised = 0
    with TimeLimit(0.02, cancellation, grace_s=0.02):
        cancellation.arm()
        for work in (busy, lambda: time.sleep(DEADLINE_S), lambda: threading.Event().wait(DEADLINE_S)):
            try:
                work()
            except TaskTimeout:
                raised += 1
        cancellation.is_armed = False
    assert raised == 3


def test_limit_that_the_task_blocks_with_a_timer() -> None:
    """A task that sets a timer and a handler of its own, as for SIGALRM, is interrupted nevertheless."""
    cancellation = Cancellation()
    original = signal.signal(signal.SIGALRM, lambda _number, _frame: None)
    timer = signal.getitimer(signal.ITIMER_REAL)
    try:
        with TimeLimit(0.05, cancellation):
            signal.setitimer(signal.ITIMER_REAL, 3600)
            cancellation.arm()
            with pytest.raises(TaskTimeout):
                busy()
    finally:
        cancellation.is_armed = False
        signal.signal(signal.SIGALRM, original)
        signal.setitimer(signal.ITIMER_REAL, *timer)


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


def test_main_thread_that_is_woken_again_while_it_wakes() -> None:
    """The main thread does not block if another signal wakes it at any instruction of the handler."""
    woken = places = 0

    def listen() -> None:
        nonlocal woken
        woken += 1

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal places
        frame.f_trace_opcodes = True
        if event == "opcode" and places < 100:
            places += 1
            sys.settrace(None)
            signal.raise_signal(WAKE)
            sys.settrace(trace)
        return trace

    main_thread, is_over, before = MainThread(), threading.Event(), sys.gettrace()
    main_thread.add(listen)
    thread = threading.Thread(target=main_thread.wake, args=(is_over,), daemon=True)
    try:
        thread.start()
        thread.join(DEADLINE_S)
        sys._getframe().f_trace_opcodes = True  # Python 3.12 needs it before
        sys.settrace(trace)
        signal.raise_signal(WAKE)
        sys.settrace(before)
    finally:
        sys.settrace(before)
        main_thread.remove(listen)
    assert places > 20
    assert woken > 20
