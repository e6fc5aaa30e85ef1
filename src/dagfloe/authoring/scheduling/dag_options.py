"""The valid values of a Dag's options for Airflow's scheduler, each alone and together. Pure."""

from __future__ import annotations

from dagfloe.authoring.scheduling.options import (
    check_bool,
    check_date,
    check_default_args,
    check_duration,
    check_json_dict,
    check_options,
    check_string,
    int_from,
)
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, timedelta
    from typing import Any, TypedDict

    from dagfloe.authoring.scheduling.deadlines import DeadlineAlert
    from dagfloe.authoring.scheduling.options import Check, TaskOptions
    from dagfloe.model.asset_conditions import BaseAsset

    class DagOptions(TypedDict, total=False):
        """What `Bundle.dag` takes in addition to the dag_id."""

        access_control: Mapping[str, Mapping[str, Collection[str]] | Collection[str]] | None
        allowed_run_types: str | Collection[str] | None
        catchup: bool | None
        dag_display_name: str | None
        dagrun_timeout: timedelta | float | None
        deadline: DeadlineAlert | Sequence[DeadlineAlert] | None
        default_args: TaskOptions | None
        description: str | None
        disable_bundle_versioning: bool | None
        doc_md: str | None
        end_date: datetime | None
        fail_fast: bool | None
        is_paused_upon_creation: bool | None
        max_active_runs: int | None
        max_active_tasks: int | None
        max_consecutive_failed_dag_runs: int | None
        owner_links: Mapping[str, str] | None
        params: Mapping[str, object] | None
        rerun_with_latest_version: bool | None
        schedule: str | timedelta | BaseAsset | Sequence[BaseAsset] | None
        start_date: datetime | None
        tags: Collection[str] | None


#: The types of Dag runs in Airflow.
RUN_TYPES = (
    "backfill",
    "scheduled",
    "manual",
    "operator_triggered",
    "asset_triggered",
    "asset_materialization",
)
_MAX_TAG_LENGTH = 100
_CONTINUOUS = "@continuous"


def check_dag_options(options: Mapping[str, object], owner: str) -> dict[str, object]:
    """The options of a Dag; a None is left out.

    The params become `params`, the defaults, and `param_schemas`, what is declared with `Param`.

    Args:
        options: the options by name.
        owner: the Dag, for error messages.

    Raises:
        RegistrationError: if a name is unknown, or Airflow would not accept a value, or two values together.
    """
    if any(name.endswith("_callback") for name in options):
        from dagfloe.authoring.scheduling.callbacks import refuse_dag_callbacks  # noqa: PLC0415 - an error in most cases

        refuse_dag_callbacks(options, owner)
    declared: dict[str, Any] = check_options(options, _DAG_OPTIONS, owner)
    start_date = declared.get("default_args", {}).get("start_date")
    if start_date is not None:
        declared.setdefault("start_date", start_date)
    if "params" in declared:
        from dagfloe.authoring.scheduling.params import split_params  # noqa: PLC0415 - few Dags have params

        declared["params"], schemas = split_params(declared["params"])
        if schemas:
            declared["param_schemas"] = schemas
    if "access_control" in declared:
        declared["access_control"] = _by_resource(declared["access_control"])
    if isinstance(declared.get("allowed_run_types"), str):
        declared["allowed_run_types"] = [declared["allowed_run_types"]]
    if "deadline" in declared:
        deadline = declared["deadline"]
        declared["deadline"] = list(deadline) if isinstance(deadline, (list, tuple)) else [deadline]
    _check_together(declared, owner)
    return declared


def _check_together(declared: Mapping[str, Any], owner: str) -> None:
    schedule = declared.get("schedule")
    is_timed = isinstance(schedule, str) or hasattr(schedule, "total_seconds")
    if schedule == _CONTINUOUS and declared.get("max_active_runs") != 1:
        raise RegistrationError(f"{owner} has the schedule {_CONTINUOUS!r}: set its max_active_runs to 1")
    if schedule is not None and declared.get("catchup") and "start_date" not in declared:
        raise RegistrationError(f"{owner} has catchup=True and no start_date: set its start_date")
    required = sorted(set(declared.get("param_schemas", ())) - set(declared.get("params", ())))
    if schedule is not None and required:
        raise RegistrationError(f"{owner} has a schedule, and its param {required[0]!r} has no default: give it one")
    if declared.get("allowed_run_types"):
        needed = "scheduled" if is_timed else "manual" if schedule is None else "asset_triggered"
        if needed not in declared["allowed_run_types"]:
            raise RegistrationError(
                f"the allowed_run_types of {owner} do not contain {needed!r}, which its schedule needs: add it"
            )


def _by_resource(access_control: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """The permissions of roles by resource; permissions without a resource are those of the Dag."""
    return {
        role: {
            resource: sorted(names)
            for resource, names in (permissions if isinstance(permissions, dict) else {"DAGs": permissions}).items()
        }
        for role, permissions in access_control.items()
    }


def _is_strings(value: object) -> bool:
    is_collection = isinstance(value, (list, tuple, set, frozenset))
    return is_collection and all(isinstance(item, str) and item for item in value)  # type: ignore[attr-defined]


def _tags(value: Any) -> str | None:
    is_valid = _is_strings(value) and all(len(tag) <= _MAX_TAG_LENGTH for tag in value)
    return None if is_valid else f"a list of strings of at most {_MAX_TAG_LENGTH} characters"


def _run_types(value: Any) -> str | None:
    names = [value] if isinstance(value, str) else value
    is_valid = _is_strings(names) and names and all(name in RUN_TYPES for name in names)
    return None if is_valid else f"some of {', '.join(RUN_TYPES)}"


def _params(value: object) -> str | None:
    from dagfloe.authoring.scheduling.params import Param  # noqa: PLC0415 - few Dags have params

    if not isinstance(value, dict):
        return "a dict with str keys"
    return check_json_dict({name: None if isinstance(item, Param) else item for name, item in value.items()})


def _schedule(value: Any) -> str | None:
    from dagfloe.model.asset_conditions import BaseAsset  # noqa: PLC0415 - only for Dags that have a schedule

    if isinstance(value, BaseAsset) or (isinstance(value, str) and value):
        return None
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, BaseAsset) for item in value):
        return None
    if hasattr(value, "total_seconds") and value.total_seconds() > 0:
        return None
    return (
        "a cron expression such as '@daily', a timedelta longer than 0, an Asset, a condition of Assets, or a list of "
        "Assets"
    )


def _access_control(value: object) -> str | None:
    is_valid = isinstance(value, dict) and all(
        isinstance(role, str)
        and role
        and (
            _is_strings(permissions)
            or (
                isinstance(permissions, dict)
                and _is_strings(list(permissions))
                and all(_is_strings(names) for names in permissions.values())
            )
        )
        for role, permissions in value.items()
    )
    return None if is_valid else "a dict of roles, with the permissions by resource, such as {'ops': {'DAGs': {...}}}"


def _owner_links(value: object) -> str | None:
    expected = "a dict of owners, with links such as 'https://host/page' or 'mailto:name@host'"
    if not isinstance(value, dict) or not _is_strings([*value, *value.values()]):
        return expected
    from urllib.parse import urlsplit  # noqa: PLC0415 - few Dags have links

    for link in value.values():
        try:
            parts = urlsplit(link)
        except ValueError:
            return expected
        if not parts.scheme or not (parts.path if parts.scheme == "mailto" else parts.netloc):
            return expected
    return None


def _deadline(value: object) -> str | None:
    from dagfloe.authoring.scheduling.deadlines import DeadlineAlert  # noqa: PLC0415 - few Dags have deadlines

    alerts = value if isinstance(value, (list, tuple)) else [value]
    is_valid = alerts and all(isinstance(alert, DeadlineAlert) for alert in alerts)
    return None if is_valid else "a DeadlineAlert, or a list of them"


_DAG_OPTIONS: dict[str, Check] = {
    "access_control": _access_control,
    "allowed_run_types": _run_types,
    "catchup": check_bool,
    "dag_display_name": check_string,
    "dagrun_timeout": check_duration,
    "deadline": _deadline,
    "default_args": check_default_args,
    "description": check_string,
    "disable_bundle_versioning": check_bool,
    "doc_md": check_string,
    "end_date": check_date,
    "fail_fast": check_bool,
    "is_paused_upon_creation": check_bool,
    "max_active_runs": int_from(1),
    "max_active_tasks": int_from(1),
    "max_consecutive_failed_dag_runs": int_from(0),
    "owner_links": _owner_links,
    "params": _params,
    "rerun_with_latest_version": check_bool,
    "schedule": _schedule,
    "start_date": check_date,
    "tags": _tags,
}
