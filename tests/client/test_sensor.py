"""Sensors."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import Client, DagfloeError, SensorTimeout, TaskFailed, TaskRescheduled, TaskSkipped
from support.memory import Airflow, context

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def airflow() -> Airflow:
    """An Airflow that has not rescheduled the task yet."""
    airflow = Airflow()
    airflow.replies["GetTaskRescheduleStartDate"] = {"type": "TaskRescheduleStartDate", "start_date": None}
    return airflow


@pytest.mark.parametrize("interval", [float("inf"), float("nan"), -1, 1e18, "5", True])
def test_intervals_that_nobody_can_wait(airflow: Airflow, interval: Any) -> None:
    """An interval that is not a time to wait is refused before the first check."""
    checks: list[int] = []
    with pytest.raises(DagfloeError, match="the interval of poke is"):
        Client(airflow, context()).poke(lambda: checks.append(1), interval=interval)
    assert checks == []


def true_at(check: int, value: object = "ready") -> Callable[[], Any]:
    """A function that returns a true value at its nth call."""
    false_results = [None] * (check - 1)
    return lambda: false_results.pop() if false_results else value


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
def test_first_check(airflow: Airflow, mode: str) -> None:
    """`poke` returns the value of a successful check."""
    assert Client(airflow, context()).poke(true_at(1, {"rows": 3}), interval=60, timeout=60, mode=mode) == {"rows": 3}


@pytest.mark.parametrize("interval", [0.001, timedelta(milliseconds=1)])
def test_third_check(airflow: Airflow, interval: float | timedelta) -> None:
    """In mode `poke`, it checks again after the interval, and sends no request."""
    assert Client(airflow, context()).poke(true_at(3), interval=interval, timeout=60, mode="poke") == "ready"
    assert airflow.requests == []


@pytest.mark.parametrize("interval", [90, timedelta(seconds=90)])
def test_reschedule(airflow: Airflow, interval: float | timedelta) -> None:
    """By default, the task is rescheduled after the interval."""
    before = datetime.now(tz=timezone.utc)
    with pytest.raises(TaskRescheduled) as caught:
        Client(airflow, context()).poke(true_at(2), interval=interval, timeout=3600)
    delay = caught.value.reschedule_date - before
    assert timedelta(seconds=90) <= delay < timedelta(seconds=120)


@pytest.mark.parametrize(
    ("ago_s", "timeout", "ends"), [(50, 60, False), (70, 60, True), (70, timedelta(hours=1), False)]
)
def test_timeout_starts_with_the_first_check(
    airflow: Airflow, ago_s: int, timeout: float | timedelta, ends: bool
) -> None:
    """In mode `reschedule`, the timeout starts when this try was first rescheduled."""
    first = datetime.now(tz=timezone.utc) - timedelta(seconds=ago_s)
    airflow.replies["GetTaskRescheduleStartDate"]["start_date"] = first
    with pytest.raises(SensorTimeout if ends else TaskRescheduled):
        Client(airflow, context(reschedules=1)).poke(true_at(2), interval=1, timeout=timeout)
    assert len(airflow.sent("GetTaskRescheduleStartDate")) == 1
    with pytest.raises(TaskRescheduled):  # of an earlier try
        Client(airflow, context()).poke(true_at(2), interval=1, timeout=timeout)


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
@pytest.mark.parametrize(("soft_fail", "expected"), [(False, SensorTimeout), (True, TaskSkipped)])
def test_timeout(airflow: Airflow, mode: str, soft_fail: bool, expected: type[Exception]) -> None:
    """After the timeout and at least one check, the task fails without retries, or is skipped."""
    looks: list[int] = []
    with pytest.raises(expected, match="the condition did not hold within 0 s"):
        Client(airflow, context()).poke(
            lambda: looks.append(1), interval=0.001, timeout=0, mode=mode, soft_fail=soft_fail
        )
    assert looks
    assert issubclass(SensorTimeout, TaskFailed)


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
def test_error_in_the_check(airflow: Airflow, mode: str) -> None:
    """An error in the check ends the task like any other error."""
    with pytest.raises(ZeroDivisionError):
        Client(airflow, context()).poke(lambda: 1 // 0, interval=1, timeout=60, mode=mode)


def test_unknown_mode(airflow: Airflow) -> None:
    """An unknown mode is an error before the first check."""
    with pytest.raises(DagfloeError, match="no mode 'sleep': use one of reschedule, poke"):
        Client(airflow, context()).poke(lambda: pytest.fail("it looked"), interval=1, mode="sleep")
