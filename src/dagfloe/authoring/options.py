"""The options of Dags and tasks for Airflow's scheduler, and their valid values. Pure.

Running a task needs none of them. They go into the manifest, from which dagfloe generates stub Dags.
"""

from __future__ import annotations

from dagfloe.errors import DagfloeError, RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta
    from typing import TypedDict

    from dagfloe.authoring.retry import RetryDecision
    from dagfloe.model.assets import Asset, AssetAlias, AssetRef

    Outlet = Asset | AssetRef | AssetAlias
    RetryPolicy = Callable[[BaseException, int], RetryDecision | None]

    class SchedulingOptions(TypedDict, total=False):
        """A task's options for Airflow's scheduler."""

        depends_on_past: bool | None
        doc_md: str | None
        max_retry_delay: timedelta | float | None
        owner: str | None
        pool: str | None
        pool_slots: int | None
        priority_weight: int | None
        queue: str | None
        retries: int | None
        retry_delay: timedelta | float | None
        retry_exponential_backoff: bool | None
        trigger_rule: str | None

    class TaskOptions(SchedulingOptions, total=False):
        """What `Dag.task`, `Dag.branch` and `Dag.short_circuit` take in addition to the task_id."""

        outlets: Iterable[Outlet]
        inlets: Iterable[Outlet]
        multiple_outputs: bool
        retry_policy: RetryPolicy | None
        execution_timeout: timedelta | float | None

    class DagOptions(TypedDict, total=False):
        """What `Bundle.dag` takes in addition to the dag_id."""

        schedule: str | timedelta | Sequence[Asset] | None
        start_date: datetime | None
        end_date: datetime | None
        catchup: bool | None
        tags: Collection[str] | None
        params: Mapping[str, object] | None
        description: str | None
        doc_md: str | None
        max_active_runs: int | None
        max_active_tasks: int | None
        dagrun_timeout: timedelta | float | None
        default_args: SchedulingOptions | None


#: Airflow's trigger rules: the states of upstream tasks that let a task run.
TRIGGER_RULES = (
    "all_success",
    "all_failed",
    "all_done",
    "all_done_min_one_success",
    "one_success",
    "one_failed",
    "one_done",
    "none_failed",
    "none_skipped",
    "none_failed_min_one_success",
    "all_skipped",
    "always",
)


def check_task_options(options: Mapping[str, object], owner: str) -> dict[str, object]:
    """The options of a task for the scheduler; a None is left out.

    Args:
        options: the options by name.
        owner: the task or the Dag, for error messages.

    Raises:
        RegistrationError: if a name is unknown, or Airflow would not accept a value.
    """
    return _check_options(options, _TASK_OPTIONS, owner)


def check_dag_options(options: Mapping[str, object], owner: str) -> dict[str, object]:
    """The options of a Dag; arguments and errors as for `check_task_options`."""
    return _check_options(options, _DAG_OPTIONS, owner)


def _check_options(options: Mapping[str, object], checks: Mapping[str, _Check], owner: str) -> dict[str, object]:
    checked: dict[str, object] = {}
    for name, value in options.items():
        if name not in checks:
            raise RegistrationError(f"{owner} has no option {name!r}: its options are {', '.join(sorted(checks))}")
        if value is None:
            continue
        expected = checks[name](value)
        if expected is not None:
            raise RegistrationError(f"the {name} of {owner} is {value!r}, expected {expected}")
        checked[name] = sorted(value) if isinstance(value, (set, frozenset)) else value
    return checked


# A check returns None for a valid value, else a description of the valid values.


def _int_from(minimum: int) -> _Check:
    def check(value: object) -> str | None:
        is_valid = isinstance(value, int) and not isinstance(value, bool) and value >= minimum
        return None if is_valid else f"an int of at least {minimum}"

    return check


def _duration(value: object) -> str | None:
    seconds = value.total_seconds() if hasattr(value, "total_seconds") else value
    is_valid = isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 <= seconds < float("inf")
    return None if is_valid else "a timedelta, or seconds, of at least 0"


def _bool(value: object) -> str | None:
    return None if isinstance(value, bool) else "True or False"


def _string(value: object) -> str | None:
    return None if isinstance(value, str) and value else "a string that is not empty"


def _trigger_rule(value: object) -> str | None:
    return None if value in TRIGGER_RULES else f"one of {', '.join(TRIGGER_RULES)}"


def _date(value: object) -> str | None:
    from datetime import datetime  # noqa: PLC0415 - only for Dags that have a date

    return None if isinstance(value, datetime) else "a datetime"


def _strings(value: object) -> str | None:
    is_valid = isinstance(value, (list, tuple, set, frozenset)) and all(
        isinstance(item, str) and item for item in value
    )
    return None if is_valid else "a list of strings"


def _json_dict(value: object) -> str | None:
    from dagfloe.values.jsonable import check_jsonable  # noqa: PLC0415 - only for Dags that have params

    try:
        check_jsonable(value)
    except DagfloeError:
        return "a dict with values that have a JSON form"
    return None if isinstance(value, dict) and all(isinstance(key, str) for key in value) else "a dict with str keys"


def _schedule(value: object) -> str | None:
    from dagfloe.model.assets import Asset  # noqa: PLC0415 - only for Dags that have a schedule

    if isinstance(value, str) and value:
        return None
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, Asset) for item in value):
        return None
    if hasattr(value, "total_seconds") and value.total_seconds() > 0:
        return None
    return "a cron expression such as '@daily', a timedelta longer than 0, or a list of Assets"


def _default_args(value: object) -> str | None:
    if not isinstance(value, dict):
        return "a dict of task options"
    check_task_options(value, "default_args")
    return None


if TYPE_CHECKING:
    _Check = Callable[[object], str | None]

_TASK_OPTIONS: dict[str, _Check] = {
    "depends_on_past": _bool,
    "doc_md": _string,
    "max_retry_delay": _duration,
    "owner": _string,
    "pool": _string,
    "pool_slots": _int_from(1),
    "priority_weight": _int_from(-(2**31)),
    "queue": _string,
    "retries": _int_from(0),
    "retry_delay": _duration,
    "retry_exponential_backoff": _bool,
    "trigger_rule": _trigger_rule,
}
_DAG_OPTIONS: dict[str, _Check] = {
    "catchup": _bool,
    "dagrun_timeout": _duration,
    "default_args": _default_args,
    "description": _string,
    "doc_md": _string,
    "end_date": _date,
    "max_active_runs": _int_from(1),
    "max_active_tasks": _int_from(1),
    "params": _json_dict,
    "schedule": _schedule,
    "start_date": _date,
    "tags": _strings,
}
