"""The context of a running task."""

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
    """The context has shortcuts to the ids and numbers of the task instance."""
    now = datetime(2026, 1, 2, tzinfo=timezone.utc)
    task_context = Context(
        ti=TaskInstance(id="i", dag_id="d", task_id="t", run_id="r", try_number=2, map_index=7),
        dag_run=DagRun(dag_id="d", run_id="r", conf={}, logical_date=now),
        bundle_info=BundleInfo(name="bundles", version="v1"),
        cancellation=Cancellation(),
    )
    assert (
        task_context.dag_id,
        task_context.task_id,
        task_context.run_id,
        task_context.try_number,
        task_context.map_index,
    ) == ("d", "t", "r", 2, 7)
    assert task_context.logical_date == now
    assert (task_context.should_retry, task_context.max_tries, task_context.ti.queue, task_context.dag_run.state) == (
        False,
        0,
        "default",
        "running",
    )


def test_records_are_read_only() -> None:
    """A context and its records are read-only."""
    task_context = context()
    for record, name in (
        (task_context, "max_tries"),
        (task_context.ti, "try_number"),
        (task_context.dag_run, "conf"),
        (task_context, "new"),
    ):
        with pytest.raises(AttributeError, match=f"{name} is read-only"):
            setattr(record, name, 5)
        with pytest.raises(AttributeError, match=f"{name} is read-only"):
            delattr(record, name)
    assert task_context.ti.try_number == 1


def test_repr_hides_the_configuration() -> None:
    """The repr shows the ids, but not the run's configuration."""
    task_context = context()
    assert "task_id='t'" in repr(task_context)
    assert "manual__1" in repr(task_context.dag_run)
    for string in (repr(task_context), str(task_context), f"{task_context.dag_run}"):
        assert "hunter2" not in string
        assert "conf" not in string
        assert "Cancellation" not in string


class Point(Record):
    """A record with a default and a hidden field."""

    _hidden = frozenset({"z"})

    x: int
    y: int = 2
    z: int = 3


def test_record() -> None:
    """A record takes its fields by name, has defaults, and equals a record of its class with the same values."""
    assert (Point(x=1).x, Point(x=1).y, Point(x=1, y=5).y) == (1, 2, 5)
    assert Point(x=1) == Point(x=1, y=2)
    assert Point(x=1) != Point(x=1, z=0)
    assert Point(x=1) != (1, 2, 3)
    assert len({Point(x=1), Point(x=1), Point(x=2)}) == 2
    assert repr(Point(x=1)) == "Point(x=1, y=2)"
    assert copy.deepcopy(Point(x=1)) == Point(x=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({}, "needs the argument 'x'"), ({"x": 1, "w": 2}, "has no field 'w'")],
)
def test_record_arguments(arguments: dict[str, Any], message: str) -> None:
    """A missing or unknown field is a TypeError that names it."""
    with pytest.raises(TypeError, match=rf"Point\(\) {message}"):
        Point(**arguments)


def test_current_context() -> None:
    """The current context is the innermost one, in every thread; outside of a task there is no current context."""
    first, second = context(), context(task_id="u")
    contexts: list[Context] = []
    with pytest.raises(DagfloeError, match="outside a running task"):
        current_context()
    with running(first):
        with running(second):
            thread = threading.Thread(target=lambda: contexts.append(current_context()))
            thread.start()
            thread.join(20)
            assert current_context() is second
        assert current_context() is first
    with pytest.raises(DagfloeError):
        current_context()
    assert contexts == [second]


def test_current_context_ends_with_an_error() -> None:
    """After a task that raises, there is no current context."""
    with pytest.raises(ZeroDivisionError), running(context()):
        _ = 1 / 0
    with pytest.raises(DagfloeError):
        current_context()


def test_stop_through_the_context() -> None:
    """The context provides a stop's flag, callbacks and shield."""
    cancellation = Cancellation()
    task_context = context(cancellation)
    calls: list[str] = []
    task_context.on_cancel(lambda: calls.append("cleanup"))
    cancellation.arm()

    def work() -> None:
        with task_context.shield():
            calls.append(f"cancelled={task_context.cancelled}")
            cancellation.request("SIGTERM")
            calls.append(f"cancelled={task_context.cancelled}")

    with pytest.raises(TaskCancelled):
        work()
    assert calls == ["cancelled=False", "cancelled=True", "cleanup"]
