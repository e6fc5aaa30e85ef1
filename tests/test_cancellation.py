"""The request to stop: when it is delivered, how often, and in which order."""

from __future__ import annotations

import logging
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe import TaskCancelled
from dagfloe.cancellation import Cancellation

DEADLINE_S = 20.0


@pytest.fixture
def cancellation() -> Cancellation:
    """A request to stop that may be delivered."""
    cancellation = Cancellation()
    cancellation.arm()
    return cancellation


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
    """A request that comes early is delivered when the task begins."""
    cancellation = Cancellation()
    cancellation.request("SIGTERM")
    assert cancellation.cancelled
    with pytest.raises(TaskCancelled):
        cancellation.arm()


def test_request_after_the_task_ran(cancellation: Cancellation) -> None:
    """A request that comes late sets the flag and raises nothing."""
    cancellation.disarm()
    cancellation.request("SIGTERM")
    assert cancellation.cancelled


def test_callbacks_come_first_and_in_order(cancellation: Cancellation, caplog: pytest.LogCaptureFixture) -> None:
    """Callbacks run once, in the order of registration; one that fails is logged and keeps no other from running."""
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
    """Inside a shield the flag is set at once; the exception and the callbacks come at the outermost end."""
    calls: list[str] = []
    cancellation.on_cancel(lambda: calls.append("callback"))
    with pytest.raises(TaskCancelled):  # noqa: PT012 - where it is raised is what this is about
        with cancellation.shield():
            with cancellation.shield():
                cancellation.request("SIGTERM")
                assert cancellation.cancelled
            assert calls == []
        calls.append("not reached")
    assert calls == ["callback"]


def test_callback_registered_inside_the_shield_still_runs(cancellation: Cancellation) -> None:
    """A cleanup that is registered between the request and its delivery is not forgotten."""
    calls: list[str] = []
    with pytest.raises(TaskCancelled), cancellation.shield():  # noqa: PT012 - see above
        cancellation.request("SIGTERM")
        cancellation.on_cancel(lambda: calls.append("callback"))
    assert calls == ["callback"]


def test_error_inside_the_shield_is_the_context(cancellation: Cancellation) -> None:
    """An error that leaves a shield with a request pending is kept as what the stop came after."""
    with pytest.raises(TaskCancelled) as caught, cancellation.shield():  # noqa: PT012 - see above
        cancellation.request("SIGTERM")
        raise ValueError("what went wrong")
    assert isinstance(caught.value.__context__, ValueError)


def test_window(cancellation: Cancellation) -> None:
    """Inside a shield, a window may be interrupted, and leaves the shield as it was."""
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
    """A window delivers what came before it, and its body does not run."""
    calls: list[str] = []
    with pytest.raises(TaskCancelled), cancellation.shield():  # noqa: PT012 - see above
        cancellation.request("SIGTERM")
        with cancellation.window():
            calls.append("not reached")
    assert calls == []


steps = st.recursive(
    st.just("request") | st.just("nothing"),
    lambda inner: st.tuples(st.sampled_from(["shield", "window in a shield"]), st.lists(inner, max_size=3)),
    max_leaves=8,
)


@given(st.lists(steps, max_size=4))
def test_any_nesting_delivers_exactly_once(program: list[object]) -> None:
    """However shields and windows are nested, a request is delivered once, never inside a shield, and never lost."""
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
                    for each in inner:
                        run(each)
                else:
                    depth -= 1
                    with cancellation.window():
                        for each in inner:
                            run(each)
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
    """A shield of another thread neither holds up the main thread's delivery nor is it the place of one."""
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
