"""The delivery of a request to stop."""

from __future__ import annotations

import logging
import sys
import threading
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dagfloe.cancellation as cancellation_module
from dagfloe import TaskCancelled
from dagfloe.cancellation import Cancellation

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from typing_extensions import Self

DEADLINE_S = 20.0


def armed() -> Cancellation:
    """A cancellation that delivers requests."""
    cancellation = Cancellation()
    cancellation.arm()
    return cancellation


@pytest.fixture
def cancellation() -> Cancellation:
    """A cancellation that delivers requests."""
    return armed()


def test_delivery(cancellation: Cancellation) -> None:
    """A request raises in the task, with its reason, and sets the flag."""
    assert (cancellation.cancelled, cancellation.reason) == (False, None)
    with pytest.raises(TaskCancelled, match="asked to stop: SIGTERM"):
        cancellation.request("SIGTERM")
    assert (cancellation.cancelled, cancellation.reason) == (True, "SIGTERM")


def test_only_the_first_request_counts(cancellation: Cancellation) -> None:
    """A second request neither raises nor changes the reason."""
    with pytest.raises(TaskCancelled):
        cancellation.request("SIGTERM")
    cancellation.request("SIGINT")
    with cancellation.shield():
        pass
    cancellation.arm()
    assert cancellation.reason == "SIGTERM"


def test_request_before_the_task_runs() -> None:
    """An early request is delivered when the task begins."""
    cancellation = Cancellation()
    cancellation.request("SIGTERM")
    assert cancellation.cancelled
    with pytest.raises(TaskCancelled):
        cancellation.arm()


def test_request_after_the_task_ran(cancellation: Cancellation) -> None:
    """A late request sets the flag and raises nothing."""
    cancellation.is_armed = False
    cancellation.request("SIGTERM")
    assert cancellation.cancelled


def test_callbacks_run_first_and_in_order(cancellation: Cancellation, caplog: pytest.LogCaptureFixture) -> None:
    """Callbacks run once, in the order of registration. A failing callback is logged, and the others run."""
    calls: list[str] = []

    def fail() -> None:
        calls.append("fail")
        raise SystemExit(3)

    cancellation.on_cancel(lambda: calls.append(f"first, {cancellation.cancelled}"))
    cancellation.on_cancel(fail)
    cancellation.on_cancel(lambda: cancellation.on_cancel(lambda: calls.append("registered late")))
    cancellation.on_cancel(lambda: calls.append("last"))
    with caplog.at_level(logging.ERROR), pytest.raises(TaskCancelled):
        cancellation.request("SIGTERM")
    cancellation.request("SIGTERM")
    assert calls == ["first, True", "fail", "last", "registered late"]
    (record,) = caplog.records
    assert "A cleanup callback failed" in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[0] is SystemExit


def test_shield(cancellation: Cancellation) -> None:
    """A stop inside a shield sets the flag at once. Callbacks and the exception follow at the outermost end."""
    calls: list[str] = []
    cancellation.on_cancel(lambda: calls.append("callback"))
    with pytest.raises(TaskCancelled):  # noqa: PT012 - the test is about the place of the exception
        with cancellation.shield():
            with cancellation.shield():
                cancellation.request("SIGTERM")
                assert cancellation.cancelled
            assert calls == []
        calls.append("not reached")
    assert calls == ["callback"]


def test_callback_registered_inside_the_shield_still_runs(cancellation: Cancellation) -> None:
    """A callback that is registered between the request and its delivery runs."""
    calls: list[str] = []
    with pytest.raises(TaskCancelled), cancellation.shield():  # noqa: PT012 - see above
        cancellation.request("SIGTERM")
        cancellation.on_cancel(lambda: calls.append("callback"))
    assert calls == ["callback"]


def test_error_inside_the_shield_is_the_context(cancellation: Cancellation) -> None:
    """An error that leaves a shield with a pending request becomes the context of the stop."""
    with pytest.raises(TaskCancelled) as caught, cancellation.shield():  # noqa: PT012 - see above
        cancellation.request("SIGTERM")
        raise ValueError("what went wrong")
    assert isinstance(caught.value.__context__, ValueError)


def test_window(cancellation: Cancellation) -> None:
    """A stop interrupts a window inside a shield; the shield still holds after a window."""
    calls: list[str] = []
    with pytest.raises(TaskCancelled):  # noqa: PT012, SIM117 - see above
        with cancellation.shield():
            with cancellation.window():
                calls.append("waiting")
            with cancellation.window():
                cancellation.request("SIGTERM")
            calls.append("not reached")
    assert calls == ["waiting"]


def test_request_inside_the_shield_is_delivered_by_the_next_window(cancellation: Cancellation) -> None:
    """A window delivers an earlier request, and its body does not run."""
    calls: list[str] = []
    with pytest.raises(TaskCancelled), cancellation.shield():  # noqa: PT012 - see above
        cancellation.request("SIGTERM")
        with cancellation.window():
            calls.append("not reached")
    assert calls == []


class Instructions:
    """Counts the bytecode instructions of the cancellation's module, and acts at one of them.

    Args:
        place: the number of the instruction; 1 is the first.
        act: called there.
    """

    def __init__(self, place: int, act: Callable[[], object]) -> None:
        self._place = place
        self._act = act
        self._count = 0

    def __enter__(self) -> Self:
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    @property
    def is_over(self) -> bool:
        """Whether the module had no instruction at this place."""
        return self._count < self._place

    def _trace(self, frame: FrameType, event: str, _argument: object) -> Any:
        frame.f_trace_opcodes = True
        if event == "opcode" and frame.f_code.co_filename == cancellation_module.__file__:
            self._count += 1
            if self._count == self._place:
                self._act()
        return self._trace


def stop() -> None:
    """Interrupt what is going on, as a signal handler may."""
    raise InterruptedError


def test_interrupted_anywhere_in_a_window() -> None:
    """A handler that raises at any instruction of a window, also at its very end, leaves the shields as they were."""
    for place in count(1):
        cancellation = armed()
        instructions = Instructions(place, partial(cancellation.interrupt, stop))
        with suppress(InterruptedError), cancellation.shield(), instructions, cancellation.window():
            pass
        if instructions.is_over:
            break
        called: list[int] = []
        with cancellation.shield():
            cancellation.interrupt(partial(called.append, place))
            assert called == [], f"the shield is lost after instruction {place}"
        assert called == [place]
    assert place > 20


def test_handlers_that_coincide(cancellation: Cancellation) -> None:
    """If a signal arrives at any instruction of another one's delivery, both handlers are called once."""
    for place in count(1):
        called: list[str] = []

        def interrupt(called: list[str] = called) -> None:
            sys.settrace(None)
            cancellation.interrupt(partial(called.append, "second"))

        with Instructions(place, interrupt) as instructions:
            cancellation.interrupt(partial(called.append, "first"))
        assert sorted(called) == (["first"] if instructions.is_over else ["first", "second"]), f"instruction {place}"
        if instructions.is_over:
            break
    assert place > 20


def test_handler_that_catches_its_interruption(cancellation: Cancellation) -> None:
    """A stop that a handler catches, in a shield of its own, does not close the window where the handler runs."""
    called: list[str] = []

    def catch() -> None:
        with pytest.raises(TaskCancelled), cancellation.shield():
            cancellation.request("SIGTERM")

    with cancellation.shield(), cancellation.window():
        cancellation.interrupt(catch)
        cancellation.interrupt(lambda: called.append("in the window"))
        assert called == ["in the window"]


steps = st.recursive(
    st.just("request") | st.just("nothing"),
    lambda inner: st.tuples(st.sampled_from(["shield", "window in a shield"]), st.lists(inner, max_size=3)),
    max_leaves=8,
)


@given(st.lists(steps, max_size=4))
def test_any_nesting_delivers_exactly_once(program: list[object]) -> None:
    """With any nesting of shields and windows, a request is delivered exactly once, and never inside a shield."""
    cancellation = Cancellation()
    delivered: list[int] = []
    depth = 0
    cancellation.on_cancel(lambda: delivered.append(depth))
    cancellation.arm()

    def run(step: object) -> None:
        nonlocal depth
        if step == "request":
            cancellation.request("SIGTERM")
        elif isinstance(step, tuple):
            name, inner = step
            with cancellation.shield():
                depth += 1
                if name == "shield":
                    for inner_step in inner:
                        run(inner_step)
                else:
                    depth -= 1
                    with cancellation.window():
                        for inner_step in inner:
                            run(inner_step)
                    depth += 1
                depth -= 1

    try:
        for step in program:
            run(step)
    except TaskCancelled:
        assert cancellation.cancelled
    assert len(delivered) == cancellation.cancelled
    assert delivered in ([], [0])


def test_other_threads_are_never_interrupted(cancellation: Cancellation) -> None:
    """A shield of another thread neither delays nor receives the main thread's stop."""
    entered, leave = threading.Event(), threading.Event()
    outcome: list[str] = []

    def work() -> None:
        with cancellation.shield(), cancellation.window():
            entered.set()
            leave.wait(DEADLINE_S)
        outcome.append(f"cancelled={cancellation.cancelled}")

    thread = threading.Thread(target=work)
    thread.start()
    assert entered.wait(DEADLINE_S)
    with pytest.raises(TaskCancelled):
        cancellation.request("SIGTERM")
    leave.set()
    thread.join(DEADLINE_S)
    assert outcome == ["cancelled=True"]
