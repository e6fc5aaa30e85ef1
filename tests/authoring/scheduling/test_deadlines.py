"""Deadlines: which are valid, and how the manifest describes them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import AsyncCallback, DeadlineAlert, DeadlineReference, SyncCallback, VariableInterval
from dagfloe.errors import RegistrationError

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = timedelta(hours=1)
LATE = AsyncCallback("alerts.late")
#: Without their types, which keep authors with a type checker from these mistakes.
REFERENCE: Any = DeadlineReference
ASYNC: Any = AsyncCallback
SYNC: Any = SyncCallback
ALERT: Any = DeadlineAlert


@pytest.mark.parametrize(
    ("reference", "description"),
    [
        (DeadlineReference.DAGRUN_LOGICAL_DATE, "dagrun_logical_date"),
        (DeadlineReference.DAGRUN_QUEUED_AT, "dagrun_queued_at"),
        (
            DeadlineReference.FIXED_DATETIME(datetime(2026, 1, 1, 6)),  # noqa: DTZ001 - naive dates are UTC
            {"fixed_datetime": "2026-01-01T06:00:00+00:00"},
        ),
        (
            DeadlineReference.FIXED_DATETIME(datetime(2026, 1, 1, tzinfo=timezone(HOUR))),
            {"fixed_datetime": "2026-01-01T00:00:00+01:00"},
        ),
        (DeadlineReference.AVERAGE_RUNTIME(), {"average_runtime": {"max_runs": 10, "min_runs": 10}}),
        (DeadlineReference.AVERAGE_RUNTIME(0), {"average_runtime": {"max_runs": 10, "min_runs": 10}}),
        (DeadlineReference.AVERAGE_RUNTIME(5, 2), {"average_runtime": {"max_runs": 5, "min_runs": 2}}),
    ],
)
def test_references(reference: Any, description: object) -> None:
    """Every reference of Airflow that needs no code has a description."""
    assert DeadlineAlert(reference, HOUR, LATE).describe() == {
        "reference": description,
        "interval_s": 3600.0,
        "callback": "alerts.late",
    }
    assert repr(reference) == f"ReferenceTime({description!r})"


def test_everything() -> None:
    """A deadline may have a name, an interval from a variable, and a callback with arguments."""
    reference = DeadlineReference.DAGRUN_QUEUED_AT
    asynchronous = AsyncCallback(" a.b.c ", {"channel": "ops"}, queue="fast")
    assert DeadlineAlert(reference, VariableInterval("limit"), asynchronous, "late").describe() == {
        "reference": "dagrun_queued_at",
        "interval_variable": "limit",
        "callback": "a.b.c",
        "kwargs": {"channel": "ops"},
        "queue": "fast",
        "name": "late",
    }
    synchronous = SyncCallback("a.b", {}, "LocalExecutor")
    assert DeadlineAlert(reference, -HOUR, synchronous).describe() == {
        "reference": "dagrun_queued_at",
        "interval_s": -3600.0,
        "callback": "a.b",
        "is_sync": True,
        "executor": "LocalExecutor",
    }


def late() -> None: ...


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: REFERENCE.FIXED_DATETIME("2026-01-01"), "got '2026-01-01', expected a datetime"),
        (lambda: DeadlineReference.AVERAGE_RUNTIME(-1), "got -1, expected an int of at least 1"),
        (lambda: DeadlineReference.AVERAGE_RUNTIME(3, 0), "got 0, expected an int of at least 1"),
        (lambda: VariableInterval(""), "got '', expected the name of a variable"),
        (lambda: ASYNC(late), "AsyncCallback got <function late.*: name a function"),
        (lambda: ASYNC("late"), "AsyncCallback got 'late': name a function"),
        (lambda: SYNC("alerts.not-a-name"), "SyncCallback got .*: name a function"),
        (lambda: ASYNC("a.b", {"context": 1}), "expected a dict without the key 'context'"),
        (lambda: ASYNC("a.b", {"at": HOUR}), "expected a dict with values that have a JSON form"),
        (lambda: ASYNC("a.b", ["x"]), "expected a dict with str keys"),
        (lambda: ASYNC("a.b", queue=""), "the queue of AsyncCallback is ''"),
        (lambda: SYNC("a.b", executor=1), "the executor of SyncCallback is 1"),
        (lambda: ALERT("dagrun_queued_at", HOUR, LATE), "use one of DeadlineReference"),
        (lambda: ALERT(DeadlineReference.DAGRUN_QUEUED_AT, 60, LATE), "expected a timedelta or"),
        (lambda: ALERT(DeadlineReference.DAGRUN_QUEUED_AT, HOUR, "a.b"), "expected an AsyncCallback or"),
        (lambda: ALERT(DeadlineReference.DAGRUN_QUEUED_AT, HOUR, LATE, ""), "the name of a DeadlineAlert"),
    ],
)
def test_wrong_deadlines(make: Callable[[], Any], message: str) -> None:
    """A wrong argument is an error where the author writes it."""
    with pytest.raises(RegistrationError, match=message):
        make()
