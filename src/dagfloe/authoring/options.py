"""What an author declares of a Dag and of its tasks for Airflow's scheduler: names, and what each may hold. Pure.

Nothing here is needed to run a task: it goes into the manifest, from which the Dags of Airflow are made.
"""

from __future__ import annotations

from dagfloe.errors import DagfloeError, RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import timedelta
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
        """What `Dag.task`, `Dag.branch` and `Dag.short_circuit` take beside the task_id."""

        outlets: Iterable[Outlet]
        inlets: Iterable[Outlet]
        multiple_outputs: bool
        retry_policy: RetryPolicy | None
        execution_timeout: timedelta | float | None


#: When a task runs, by the states of those before it; Airflow's names.
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
    """The options of a task that are for the scheduler; those that are None count as not given.

    Args:
        options: by name.
        owner: what they belong to, for messages.

    Raises:
        RegistrationError: for an unknown name or a value that Airflow would not take.
    """
    return _checked(options, _TASK_OPTIONS, owner)


def check_dag_options(options: Mapping[str, object], owner: str) -> dict[str, object]:
    """The options of a Dag; arguments and errors as for `check_task_options`."""
    return _checked(options, _DAG_OPTIONS, owner)


def _checked(options: Mapping[str, object], known: Mapping[str, _Check], owner: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in options.items():
        if name not in known:
            raise RegistrationError(f"{owner} has no option {name!r}: it takes {', '.join(sorted(known))}")
        if value is None:
            continue
        expected = known[name](value)
        if expected is not None:
            raise RegistrationError(f"the {name} of {owner} is {value!r}: it takes {expected}")
        found[name] = sorted(value) if isinstance(value, (set, frozenset)) else value
    return found


# Each gives None for a good value, else what was expected.


def _whole_number(lowest: int) -> _Check:
    def check(value: object) -> str | None:
        is_good = isinstance(value, int) and not isinstance(value, bool) and value >= lowest
        return None if is_good else f"a whole number from {lowest} on"

    return check


def _span(value: object) -> str | None:
    seconds = value.total_seconds() if hasattr(value, "total_seconds") else value
    is_good = isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 <= seconds < float("inf")
    return None if is_good else "a timedelta, or seconds, from 0 on"


def _yes_or_no(value: object) -> str | None:
    return None if isinstance(value, bool) else "True or False"


def _text(value: object) -> str | None:
    return None if isinstance(value, str) and value else "a text that is not empty"


def _trigger_rule(value: object) -> str | None:
    return None if value in TRIGGER_RULES else f"one of {', '.join(TRIGGER_RULES)}"


def _date(value: object) -> str | None:
    from datetime import datetime  # noqa: PLC0415 - only for Dags that have a date

    return None if isinstance(value, datetime) else "a datetime"


def _texts(value: object) -> str | None:
    is_good = isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(each, str) and each for each in value)
    return None if is_good else "a list of texts"


def _json_map(value: object) -> str | None:
    from dagfloe.values.jsonable import check_jsonable  # noqa: PLC0415 - only for Dags that have params

    try:
        check_jsonable(value)
    except DagfloeError:
        return "a map of names to values that have a JSON form"
    return None if isinstance(value, dict) and all(isinstance(each, str) for each in value) else "a map by name"


def _schedule(value: object) -> str | None:
    from dagfloe.model.assets import Asset  # noqa: PLC0415 - only for Dags that have a schedule

    if isinstance(value, str) and value:
        return None
    if isinstance(value, (list, tuple)) and value and all(isinstance(each, Asset) for each in value):
        return None
    if hasattr(value, "total_seconds") and value.total_seconds() > 0:
        return None
    return "a cron text such as '@daily', a timedelta longer than 0, or a list of Assets"


def _default_args(value: object) -> str | None:
    if not isinstance(value, dict):
        return "a map of a task's options"
    check_task_options(value, "default_args")
    return None


if TYPE_CHECKING:
    _Check = Callable[[object], str | None]

_TASK_OPTIONS: dict[str, _Check] = {
    "depends_on_past": _yes_or_no,
    "doc_md": _text,
    "max_retry_delay": _span,
    "owner": _text,
    "pool": _text,
    "pool_slots": _whole_number(1),
    "priority_weight": _whole_number(-(2**31)),
    "queue": _text,
    "retries": _whole_number(0),
    "retry_delay": _span,
    "retry_exponential_backoff": _yes_or_no,
    "trigger_rule": _trigger_rule,
}
_DAG_OPTIONS: dict[str, _Check] = {
    "catchup": _yes_or_no,
    "dagrun_timeout": _span,
    "default_args": _default_args,
    "description": _text,
    "doc_md": _text,
    "end_date": _date,
    "max_active_runs": _whole_number(1),
    "max_active_tasks": _whole_number(1),
    "params": _json_map,
    "schedule": _schedule,
    "start_date": _date,
    "tags": _texts,
}
