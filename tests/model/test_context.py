"""What a running task may know of itself."""

from __future__ import annotations

import copy
import threading
from datetime import datetime, timezone
from typing import Any

import pytest

from dagfloe import BundleInfo, Context, DagfloeError, DagRun, TaskCancelled, TaskInstance, current_context
from dagfloe.cancellation import Cancellation
from dagfloe.model.context import running
from dagfloe.model.record import Record
from support.memory import context


def test_ids() -> None:
    """The ids and numbers of the task instance are at hand."""
    now = datetime(2026, 1, 2, tzinfo=timezone.utc)
    made = Context(
        ti=TaskInstance(id="i", dag_id="d", task_id="t", run_id="r", try_number=2, map_index=7),
        dag_run=DagRun(dag_id="d", run_id="r", conf={}, logical_date=now),
        bundle_info=BundleInfo(name="bundles", version="v1"),
        cancellation=Cancellation(),
    )
    assert (made.dag_id, made.task_id, made.run_id, made.try_number, made.map_index) == ("d", "t", "r", 2, 7)
    assert made.logical_date == now
    assert (made.should_retry, made.max_tries, made.ti.queue, made.dag_run.state) == (False, 0, "default", "running")


def test_records_are_read_only() -> None:
    """Nothing in a context can be set or deleted, nor can anything be added."""
    made = context()
    for record, name in ((made, "max_tries"), (made.ti, "try_number"), (made.dag_run, "conf"), (made, "new")):
        with pytest.raises(AttributeError, match=f"{name} is read-only"):
            setattr(record, name, 5)
        with pytest.raises(AttributeError, match=f"{name} is read-only"):
            delattr(record, name)
    assert made.ti.try_number == 1


def test_repr_hides_the_configuration() -> None:
    """The repr shows the ids, and not what the run was triggered with."""
    made = context()
    assert "task_id='t'" in repr(made)
    assert "manual__1" in repr(made.dag_run)
    for text in (repr(made), str(made), f"{made.dag_run}"):
        assert "hunter2" not in text
        assert "conf" not in text
        assert "Cancellation" not in text


class Point(Record):
    """A record with a default and a hidden field."""

    _hidden = frozenset({"z"})

    x: int
    y: int = 2
    z: int = 3


def test_record() -> None:
    """A record takes its fields by name, knows its defaults, and is equal to one of the same class and values."""
    assert (Point(x=1).x, Point(x=1).y, Point(x=1, y=5).y) == (1, 2, 5)
    assert Point(x=1) == Point(x=1, y=2)
    assert Point(x=1) != Point(x=1, z=0)
    assert Point(x=1) != (1, 2, 3)
    assert len({Point(x=1), Point(x=1), Point(x=2)}) == 2
    assert repr(Point(x=1)) == "Point(x=1, y=2)"
    assert copy.deepcopy(Point(x=1)) == Point(x=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({}, "misses the argument 'x'"), ({"x": 1, "w": 2}, "does not know the argument 'w'")],
)
def test_record_arguments(arguments: dict[str, Any], message: str) -> None:
    """A missing or an unknown field is a TypeError that names it."""
    with pytest.raises(TypeError, match=rf"Point\(\) {message}"):
        Point(**arguments)


def test_current_context() -> None:
    """The current context is the innermost running one, in every thread, and none outside of a task."""
    first, second = context(), context(task_id="u")
    seen: list[Context] = []
    with pytest.raises(DagfloeError, match="outside a running task"):
        current_context()
    with running(first):
        with running(second):
            thread = threading.Thread(target=lambda: seen.append(current_context()))
            thread.start()
            thread.join(20)
            assert current_context() is second
        assert current_context() is first
    with pytest.raises(DagfloeError):
        current_context()
    assert seen == [second]


def test_current_context_ends_with_an_error() -> None:
    """A task that raises leaves no context behind."""
    with pytest.raises(ZeroDivisionError), running(context()):
        _ = 1 / 0
    with pytest.raises(DagfloeError):
        current_context()


def test_stop_through_the_context() -> None:
    """Authors meet a stop as a flag, a callback and a shield."""
    cancellation = Cancellation()
    made = context(cancellation)
    calls: list[str] = []
    made.on_cancel(lambda: calls.append("cleanup"))
    cancellation.arm()

    def work() -> None:
        with made.shield():
            calls.append(f"cancelled={made.cancelled}")
            cancellation.request("SIGTERM")
            calls.append(f"cancelled={made.cancelled}")

    with pytest.raises(TaskCancelled):
        work()
    assert calls == ["cancelled=False", "cancelled=True", "cleanup"]
