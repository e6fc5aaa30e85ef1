"""The options of Dags, tasks and task groups for Airflow's scheduler, and the valid values of those of tasks. Pure.

Running a task needs none of them. They go into the manifest, from which dagfloe makes the Dags in Airflow.
"""

from __future__ import annotations

from dagfloe.errors import DagfloeError, RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime, timedelta
    from typing import Any, TypedDict

    from dagfloe.authoring.retry import RetryDecision
    from dagfloe.model.assets import Asset, AssetAlias, AssetRef

    Callback = Callable[..., object]
    Callbacks = Callback | Iterable[Callback] | None
    Outlet = Asset | AssetRef | AssetAlias
    RetryPolicy = Callable[[BaseException, int], RetryDecision | None]
    #: Returns None for a valid value, else a description of the valid values.
    Check = Callable[[Any], str | None]

    class SchedulingOptions(TypedDict, total=False):
        """A task's options for Airflow's scheduler."""

        depends_on_past: bool | None
        do_xcom_push: bool | None
        doc: str | None
        doc_json: str | None
        doc_md: str | None
        doc_rst: str | None
        doc_yaml: str | None
        end_date: datetime | None
        executor: str | None
        executor_config: Mapping[str, object] | None
        ignore_first_depends_on_past: bool | None
        max_active_tis_per_dag: int | None
        max_active_tis_per_dagrun: int | None
        max_retry_delay: timedelta | float | None
        owner: str | None
        pool: str | None
        pool_slots: int | None
        priority_weight: int | None
        queue: str | None
        retries: int | None
        retry_delay: timedelta | float | None
        retry_exponential_backoff: bool | float | None
        start_date: datetime | None
        task_display_name: str | None
        trigger_rule: str | None
        wait_for_downstream: bool | None
        wait_for_past_depends_before_skipping: bool | None
        weight_rule: str | None

    class TaskOptions(SchedulingOptions, total=False):
        """What `Dag.task`, `Dag.branch`, `Dag.short_circuit` and `Dag.setup` take in addition to the task_id."""

        outlets: Outlet | Iterable[Outlet] | None
        inlets: Outlet | Iterable[Outlet] | None
        multiple_outputs: bool
        retry_policy: RetryPolicy | None
        execution_timeout: timedelta | float | None
        on_execute_callback: Callbacks
        on_failure_callback: Callbacks
        on_retry_callback: Callbacks
        on_skipped_callback: Callbacks
        on_success_callback: Callbacks

    class TeardownOptions(TaskOptions, total=False):
        """What `Dag.teardown` takes in addition to the task_id."""

        on_failure_fail_dagrun: bool

    class GroupOptions(TypedDict, total=False):
        """What `Dag.group` takes in addition to the group_id."""

        default_args: TaskOptions | None
        doc_md: str | None
        group_display_name: str | None
        tooltip: str | None
        ui_color: str | None
        ui_fgcolor: str | None


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
#: How Airflow adds up the priorities of the tasks after, or before, a task.
WEIGHT_RULES = ("absolute", "downstream", "upstream")
#: The options for functions that run in the task's process when the task begins or ends.
CALLBACK_OPTIONS = (
    "on_execute_callback",
    "on_failure_callback",
    "on_retry_callback",
    "on_skipped_callback",
    "on_success_callback",
)
#: The options that the task's process follows.
PROCESS_OPTIONS = (
    *CALLBACK_OPTIONS,
    "execution_timeout",
    "inlets",
    "multiple_outputs",
    "outlets",
    "retry_policy",
)


def check_task_options(options: Mapping[str, object], owner: str) -> dict[str, object]:
    """The options of a task for the scheduler; a None is left out.

    Args:
        options: the options by name.
        owner: the task or the Dag, for error messages.

    Raises:
        RegistrationError: if a name is unknown, or Airflow would not accept a value.
    """
    return check_options(options, _TASK_OPTIONS, owner)


def check_group_options(options: Mapping[str, object], owner: str) -> dict[str, object]:
    """The options of a task group; arguments and errors as for `check_task_options`."""
    return check_options(options, _GROUP_OPTIONS, owner)


def check_options(options: Mapping[str, object], checks: Mapping[str, Check], owner: str) -> dict[str, object]:
    """The options that have a value; sets become sorted lists.

    Args:
        options: the options by name.
        checks: a check for every known option.
        owner: the Dag, the task or the group, for error messages.

    Raises:
        RegistrationError: if a name is unknown, or Airflow would not accept a value.
    """
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


def int_from(minimum: int) -> Check:
    """Return a check for integers of at least a minimum."""

    def check(value: object) -> str | None:
        is_valid = isinstance(value, int) and not isinstance(value, bool) and value >= minimum
        return None if is_valid else f"an int of at least {minimum}"

    return check


def check_duration(value: Any) -> str | None:
    """Check a duration."""
    seconds = value.total_seconds() if hasattr(value, "total_seconds") else value
    is_valid = isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 <= seconds < float("inf")
    return None if is_valid else "a timedelta, or seconds, of at least 0"


def check_bool(value: object) -> str | None:
    """Check a flag."""
    return None if isinstance(value, bool) else "True or False"


def check_string(value: object) -> str | None:
    """Check a string."""
    return None if isinstance(value, str) and value else "a string that is not empty"


def check_date(value: object) -> str | None:
    """Check a date."""
    from datetime import datetime  # noqa: PLC0415 - only for Dags that have a date

    return None if isinstance(value, datetime) else "a datetime"


def check_json_dict(value: object) -> str | None:
    """Check a dict of JSON values."""
    from dagfloe.values.jsonable import check_jsonable  # noqa: PLC0415 - only for options with JSON values

    try:
        check_jsonable(value)
    except DagfloeError:
        return "a dict with values that have a JSON form"
    return None if isinstance(value, dict) else "a dict with str keys"


def check_default_args(value: object) -> str | None:
    """Check the default options of tasks. Those that the task's process follows are checked for each task."""
    if not isinstance(value, dict):
        return "a dict of task options"
    check_task_options({name: option for name, option in value.items() if name not in PROCESS_OPTIONS}, "default_args")
    return None


def _trigger_rule(value: object) -> str | None:
    return None if value in TRIGGER_RULES else f"one of {', '.join(TRIGGER_RULES)}"


def _weight_rule(value: object) -> str | None:
    return None if value in WEIGHT_RULES else f"one of {', '.join(WEIGHT_RULES)}"


def _backoff(value: object) -> str | None:
    is_valid = isinstance(value, (bool, int, float)) and 0 <= value < float("inf")
    return None if is_valid else "True, False, or a number of at least 0"


_TASK_OPTIONS: dict[str, Check] = {
    "depends_on_past": check_bool,
    "do_xcom_push": check_bool,
    "doc": check_string,
    "doc_json": check_string,
    "doc_md": check_string,
    "doc_rst": check_string,
    "doc_yaml": check_string,
    "end_date": check_date,
    "executor": check_string,
    "executor_config": check_json_dict,
    "ignore_first_depends_on_past": check_bool,
    "max_active_tis_per_dag": int_from(1),
    "max_active_tis_per_dagrun": int_from(1),
    "max_retry_delay": check_duration,
    "owner": check_string,
    "pool": check_string,
    "pool_slots": int_from(1),
    "priority_weight": int_from(-(2**31)),
    "queue": check_string,
    "retries": int_from(0),
    "retry_delay": check_duration,
    "retry_exponential_backoff": _backoff,
    "start_date": check_date,
    "task_display_name": check_string,
    "trigger_rule": _trigger_rule,
    "wait_for_downstream": check_bool,
    "wait_for_past_depends_before_skipping": check_bool,
    "weight_rule": _weight_rule,
}
_GROUP_OPTIONS: dict[str, Check] = {
    "default_args": check_default_args,
    "doc_md": check_string,
    "group_display_name": check_string,
    "tooltip": check_string,
    "ui_color": check_string,
    "ui_fgcolor": check_string,
}
