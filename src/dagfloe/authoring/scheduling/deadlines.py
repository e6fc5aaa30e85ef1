"""Deadlines of Dag runs: when a run must have ended, and what Airflow calls if it has not. Pure.

The names and arguments are those of Airflow's own SDK.
"""

from __future__ import annotations

from dagfloe.authoring.scheduling.options import check_date, check_json_dict, check_string, int_from
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from typing import Any

_DEFAULT_MAX_RUNS = 10


class ReferenceTime:
    """The time from which the interval of a deadline counts. `DeadlineReference` has them.

    Attributes:
        description: the reference as the manifest contains it.
    """

    __slots__ = ("description",)

    def __init__(self, description: object) -> None:
        self.description = description

    def __repr__(self) -> str:
        return f"ReferenceTime({self.description!r})"


class DeadlineReference:
    """The times from which the interval of a deadline can count.

    Attributes:
        DAGRUN_LOGICAL_DATE: the logical date of the run.
        DAGRUN_QUEUED_AT: the time when the run was queued.
    """

    DAGRUN_LOGICAL_DATE = ReferenceTime("dagrun_logical_date")
    DAGRUN_QUEUED_AT = ReferenceTime("dagrun_queued_at")

    @staticmethod
    def FIXED_DATETIME(dt: datetime) -> ReferenceTime:  # noqa: N802 - Airflow's name
        """A fixed time.

        Args:
            dt: the time; without a time zone it is in UTC.

        Raises:
            RegistrationError: if it is not a datetime.
        """
        from datetime import timezone  # noqa: PLC0415 - few Dags have deadlines

        if check_date(dt) is not None:
            raise RegistrationError(f"DeadlineReference.FIXED_DATETIME got {dt!r}, expected a datetime")
        aware = dt if dt.tzinfo else dt.replace(tzinfo=timezone.utc)
        return ReferenceTime({"fixed_datetime": aware.isoformat()})

    @staticmethod
    def AVERAGE_RUNTIME(max_runs: int = _DEFAULT_MAX_RUNS, min_runs: int | None = None) -> ReferenceTime:  # noqa: N802
        """The average run time of past runs, from the start of the run on.

        Args:
            max_runs: how many past runs count at most.
            min_runs: how many past runs there must be for a deadline; by default `max_runs`.

        Raises:
            RegistrationError: if a number is not an int of at least 1.
        """
        max_runs = max_runs or _DEFAULT_MAX_RUNS  # as in Airflow
        min_runs = max_runs if min_runs is None else min_runs
        for value in (max_runs, min_runs):
            if int_from(1)(value) is not None:
                raise RegistrationError(
                    f"DeadlineReference.AVERAGE_RUNTIME got {value!r}, expected an int of at least 1"
                )
        return ReferenceTime({"average_runtime": {"max_runs": max_runs, "min_runs": min_runs}})


class VariableInterval:
    """The interval of a deadline, from an Airflow variable that contains seconds.

    Args:
        key: the name of the variable.

    Raises:
        RegistrationError: if it is not a str, or empty.
    """

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        if check_string(key) is not None:
            raise RegistrationError(f"VariableInterval got {key!r}, expected the name of a variable")
        self.key = key


class Callback:
    """A function that Airflow calls: the base of `AsyncCallback` and `SyncCallback`."""

    __slots__ = ("kwargs", "path")

    def __init__(self, callback_callable: str, kwargs: Mapping[str, object] | None = None) -> None:
        name = type(self).__name__
        parts = callback_callable.strip().split(".") if check_string(callback_callable) is None else []
        if len(parts) < 2 or not all(part.isidentifier() for part in parts):
            raise RegistrationError(
                f"{name} got {callback_callable!r}: name a function that Airflow's own Python can import, as "
                "'package.module.function'"
            )
        expected = None if kwargs is None else check_json_dict(kwargs)
        if expected is not None or (kwargs and "context" in kwargs):
            raise RegistrationError(
                f"the kwargs of {name} are {kwargs!r}, expected {expected or 'a dict'} without the key 'context'"
            )
        self.path = ".".join(parts)
        self.kwargs: dict[str, object] = dict(kwargs or {})


class AsyncCallback(Callback):
    """An asynchronous function that Airflow's triggerer calls.

    Args:
        callback_callable: the function, as `package.module.function`. Airflow's triggerer imports it, and not the
            bundle: the module must be installed there.
        kwargs: the arguments, which need a JSON form; Airflow adds `context`.
        queue: the queue of triggerers, from Airflow 3.4 on.

    Raises:
        RegistrationError: if Airflow does not accept the function, the arguments or the queue.
    """

    __slots__ = ("queue",)

    def __init__(
        self, callback_callable: str, kwargs: Mapping[str, object] | None = None, *, queue: str | None = None
    ) -> None:
        super().__init__(callback_callable, kwargs)
        self.queue = _name_or_none("queue of AsyncCallback", queue)


class SyncCallback(Callback):
    """A function that an executor of Airflow calls.

    Args:
        callback_callable: the function, as `package.module.function`. A worker imports it, and not the bundle: the
            module must be installed there.
        kwargs: the arguments, which need a JSON form; Airflow adds `context`.
        executor: the executor; by default Airflow's default executor.

    Raises:
        RegistrationError: if Airflow does not accept the function, the arguments or the executor.
    """

    __slots__ = ("executor",)

    def __init__(
        self, callback_callable: str, kwargs: Mapping[str, object] | None = None, executor: str | None = None
    ) -> None:
        super().__init__(callback_callable, kwargs)
        self.executor = _name_or_none("executor of SyncCallback", executor)


class DeadlineAlert:
    """A deadline of the runs of a Dag. Airflow calls a function for each run that has not ended by then.

    Args:
        reference: the time from which the interval counts, such as `DeadlineReference.DAGRUN_QUEUED_AT`.
        interval: the time from the reference to the deadline, as a timedelta or a `VariableInterval`.
        callback: what Airflow calls.
        name: shown in Airflow.

    Raises:
        RegistrationError: if an argument is of another type.
    """

    __slots__ = ("callback", "interval", "name", "reference")

    def __init__(
        self,
        reference: ReferenceTime,
        interval: timedelta | VariableInterval,
        callback: AsyncCallback | SyncCallback,
        name: str | None = None,
    ) -> None:
        if not isinstance(reference, ReferenceTime):
            raise RegistrationError(f"the reference of a DeadlineAlert is {reference!r}: use one of DeadlineReference")
        if not isinstance(interval, VariableInterval) and not hasattr(interval, "total_seconds"):
            raise RegistrationError(
                f"the interval of a DeadlineAlert is {interval!r}, expected a timedelta or a VariableInterval"
            )
        if not isinstance(callback, (AsyncCallback, SyncCallback)):
            raise RegistrationError(
                f"the callback of a DeadlineAlert is {callback!r}, expected an AsyncCallback or a SyncCallback"
            )
        self.reference = reference
        self.interval = interval
        self.callback = callback
        self.name = _name_or_none("name of a DeadlineAlert", name)

    def describe(self) -> dict[str, Any]:
        """The deadline as the manifest contains it."""
        callback = self.callback
        fields: dict[str, Any] = {"reference": self.reference.description, "callback": callback.path}
        if isinstance(self.interval, VariableInterval):
            fields["interval_variable"] = self.interval.key
        else:
            fields["interval_s"] = self.interval.total_seconds()
        if isinstance(callback, SyncCallback):
            fields["is_sync"] = True
        options = {
            "kwargs": callback.kwargs,
            "queue": getattr(callback, "queue", None),
            "executor": getattr(callback, "executor", None),
            "name": self.name,
        }
        return fields | {name: value for name, value in options.items() if value}


def _name_or_none(what: str, value: object) -> Any:
    if value is not None and check_string(value) is not None:
        raise RegistrationError(f"the {what} is {value!r}, expected a str that is not empty")
    return value
