"""Writes a declared Dag with Airflow's own classes, like the author of a Python file, in Airflow's Python."""

from __future__ import annotations

import linecache
from datetime import datetime, timedelta
from graphlib import TopologicalSorter
from typing import Any

import pendulum
from airflow.sdk import (
    DAG,
    Asset,
    AssetAlias,
    AssetAll,
    AssetAny,
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
    Label,
    Param,
    SyncCallback,
    TaskGroup,
    setup,
    teardown,
)
from airflow.sdk import task as task_decorators
from airflow.sdk.definitions.deadline import VariableInterval

#: The options that have the same name and value in a declaration and in Airflow's classes.
DAG_OPTIONS = (
    "allowed_run_types",
    "catchup",
    "dag_display_name",
    "description",
    "disable_bundle_versioning",
    "doc_md",
    "fail_fast",
    "is_paused_upon_creation",
    "max_active_runs",
    "max_active_tasks",
    "max_consecutive_failed_dag_runs",
    "owner_links",
    "rerun_with_latest_version",
    "tags",
)
TASK_OPTIONS = (
    "depends_on_past",
    "do_xcom_push",
    "doc",
    "doc_json",
    "doc_md",
    "doc_rst",
    "doc_yaml",
    "executor",
    "executor_config",
    "ignore_first_depends_on_past",
    "max_active_tis_per_dag",
    "max_active_tis_per_dagrun",
    "multiple_outputs",
    "owner",
    "pool",
    "pool_slots",
    "priority_weight",
    "retries",
    "retry_exponential_backoff",
    "task_display_name",
    "trigger_rule",
    "wait_for_downstream",
    "wait_for_past_depends_before_skipping",
    "weight_rule",
)


def make_dag(dag_id: str, declared: dict[str, Any]) -> DAG:
    """The Dag of a declaration."""
    options: dict[str, Any] = {name: declared[name] for name in DAG_OPTIONS if name in declared}
    if "access_control" in declared:
        options["access_control"] = {
            role: {name: set(permissions) for name, permissions in resources.items()}
            for role, resources in declared["access_control"].items()
        }
    if "dagrun_timeout_s" in declared:
        options["dagrun_timeout"] = timedelta(seconds=declared["dagrun_timeout_s"])
    if "start_date" in declared:
        zone = declared.get("timezone", "UTC")
        options["start_date"] = date(declared["start_date"]).in_timezone(pendulum.timezone(zone or "UTC"))
    if "end_date" in declared:
        options["end_date"] = date(declared["end_date"])
    if "deadline" in declared:
        options["deadline"] = [deadline(item) for item in declared["deadline"]]
    with DAG(dag_id, schedule=schedule(declared.get("schedule")), params=params(declared), **options) as dag:
        groups: dict[str | None, TaskGroup] = {None: dag.task_group}
        for group_id in declared.get("groups", ()):
            parent, _, local_id = group_id.rpartition(".")
            more = declared.get("group_options", {}).get(group_id, {})
            groups[group_id] = TaskGroup(local_id, parent_group=groups[parent or None], **more)
        tasks = declared["tasks"]
        results: dict[str, Any] = {}
        for task_id in TopologicalSorter(
            {name: item.get("upstream", ()) for name, item in tasks.items()}
        ).static_order():
            results[task_id] = make_task(task_id, tasks[task_id], groups, results)
            for upstream_id in tasks[task_id].get("upstream", ()):
                label = declared.get("edge_labels", {}).get(upstream_id, {}).get(task_id)
                modifier = None if label is None else Label(label)
                results[task_id].operator.set_upstream(results[upstream_id].operator, edge_modifier=modifier)
    return dag


def make_task(
    task_id: str, declared: dict[str, Any], groups: dict[str | None, TaskGroup], results: dict[str, Any]
) -> Any:
    """A stub task with its arguments."""
    group = declared.get("group")
    options = {name: declared[name] for name in TASK_OPTIONS if name in declared}
    options |= {
        name: timedelta(seconds=declared[f"{name}_s"])
        for name in ("execution_timeout", "max_retry_delay", "retry_delay")
        if f"{name}_s" in declared
    }
    options |= {name: date(declared[name]) for name in ("start_date", "end_date") if name in declared}
    options |= {name: [asset(item) for item in declared[name]] for name in ("inlets", "outlets") if name in declared}
    options["task_id"] = task_id.removeprefix(f"{group}.")
    options["queue"] = declared.get("queue", "dagfloe")
    mapped = declared.get("mapped", {})
    arguments = {item["name"]: item for item in declared.get("arguments", ())}
    stub = task_decorators.stub(**options)(function([*mapped, *arguments]))
    if declared.get("kind") == "setup":
        stub = setup(stub)
    elif declared.get("kind") == "teardown":
        stub = teardown(stub, on_failure_fail_dagrun=declared.get("on_failure_fail_dagrun", False))
    with groups[group]:
        if mapped:
            return stub.expand(**{name: mapped_values(source, results) for name, source in mapped.items()})
        values = {
            name: results[item["task_id"]] if item["kind"] == "xcom" else item["value"]
            for name, item in arguments.items()
        }
        return stub(*values.values())


def function(parameters: list[str]) -> Any:
    """An empty function. Airflow reads its source."""
    name = f"<{','.join(parameters)}>"
    source = f"def run({', '.join(parameters)}): ...\n"
    linecache.cache[name] = (len(source), None, [source], name)
    scope: dict[str, Any] = {}
    exec(compile(source, name, "exec"), scope)  # noqa: S102 - no other function has these parameters and a source
    return scope["run"]


def mapped_values(source: dict[str, Any], results: dict[str, Any]) -> Any:
    """What a task is mapped over."""
    if "xcom" in source:
        return results[source["xcom"]]
    return source["values"] if "values" in source else list(range(source["length"]))


def date(iso: str) -> Any:
    """A date."""
    return pendulum.instance(datetime.fromisoformat(iso))


def asset(declared: dict[str, Any]) -> Any:
    """An asset, a reference, an alias or a condition."""
    for kind, condition in (("all", AssetAll), ("any", AssetAny)):
        if kind in declared:
            return condition(*map(asset, declared[kind]))
    if "alias" in declared:
        more = {"group": declared["group"]} if "group" in declared else {}
        return AssetAlias(declared["alias"], **more)
    return Asset(**declared) if {"name", "uri"} <= declared.keys() else Asset.ref(**declared)


def schedule(declared: Any) -> Any:
    """A schedule."""
    if not isinstance(declared, dict):
        return declared
    if "interval_s" in declared:
        return timedelta(seconds=declared["interval_s"])
    return asset(declared["condition"]) if "condition" in declared else [asset(item) for item in declared["assets"]]


def deadline(declared: dict[str, Any]) -> DeadlineAlert:
    """A deadline."""
    reference = declared["reference"]
    if isinstance(reference, str):
        reference = getattr(DeadlineReference, reference.upper())
    elif "fixed_datetime" in reference:
        reference = DeadlineReference.FIXED_DATETIME(date(reference["fixed_datetime"]))
    else:
        reference = DeadlineReference.AVERAGE_RUNTIME(**reference["average_runtime"])
    if "interval_s" in declared:
        interval: Any = timedelta(seconds=declared["interval_s"])
    else:
        interval = VariableInterval(declared["interval_variable"])
    callback_class = SyncCallback if declared.get("is_sync") else AsyncCallback
    more = {name: declared[name] for name in ("executor", "queue", "kwargs") if name in declared}
    callback = callback_class(declared["callback"], **more)
    return DeadlineAlert(reference, interval, callback, **({"name": declared["name"]} if "name" in declared else {}))


def params(declared: dict[str, Any]) -> dict[str, Any]:
    """The params."""
    values = dict(declared.get("params", {}))
    for name, described in declared.get("param_schemas", {}).items():
        default = [values[name]] if name in values else []
        values[name] = Param(*default, description=described.get("description"), **described["schema"])
    return values
