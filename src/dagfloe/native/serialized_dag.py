"""A whole Dag in Airflow's serialized form, version 3. Pure.

The serialized form is what Airflow 3.4 expects from a file that returns Dags to its Dag processor. The fields that
depend on the place of the file, `fileloc` and `relative_fileloc`, are not in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.format.declarations import declaration
from dagfloe.native.assets import dependency, is_reference, leaves
from dagfloe.native.encoding import duration, params, timestamp, typed
from dagfloe.native.tasks import task
from dagfloe.native.timetables import deadline, schedule_condition, timetable, timezone

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 3
#: The options that keep their name and their value. Airflow fills in what is not declared from its settings.
_OPTIONS = (
    "catchup",
    "description",
    "disable_bundle_versioning",
    "doc_md",
    "is_paused_upon_creation",
    "max_active_runs",
    "max_active_tasks",
    "max_consecutive_failed_dag_runs",
    "rerun_with_latest_version",
)
_GROUP_DEFAULTS = {
    "group_display_name": "",
    "tooltip": "",
    "ui_color": "CornflowerBlue",
    "ui_fgcolor": "#000",
}


def serialize_dag(manifest: Mapping[str, Any], dag_id: str) -> dict[str, Any]:
    """The serialized form of a Dag, without `fileloc` and `relative_fileloc`.

    Args:
        manifest: the manifest of a bundle file, or the metadata of a project. It must have passed `check_dag`.
        dag_id: one of its Dags.
    """
    declared = declaration(manifest, dag_id) or {"tasks": {}}
    tasks = {task_id: declared["tasks"].get(task_id, {}) for task_id in manifest["dags"][dag_id]["tasks"]}
    downstream: dict[str, list[str]] = {task_id: [] for task_id in tasks}
    for task_id, options in tasks.items():
        for upstream_id in options.get("upstream", ()):
            downstream[upstream_id].append(task_id)
    fields: dict[str, Any] = {
        "dag_id": dag_id,
        "timezone": timezone(declared),
        "timetable": timetable(declared),
        "tasks": [task(task_id, options, declared, downstream[task_id]) for task_id, options in tasks.items()],
        "dag_dependencies": _dependencies(dag_id, declared, tasks),
        "task_group": _task_group(None, declared, tasks),
        "edge_info": {
            upstream_id: {downstream_id: {"label": label} for downstream_id, label in labels.items()}
            for upstream_id, labels in declared.get("edge_labels", {}).items()
        },
        "params": params(declared, source=None),
        "deadline": [deadline(item) for item in declared["deadline"]] if declared.get("deadline") else None,
        "allowed_run_types": sorted(set(declared.get("allowed_run_types", ()))) or None,
    }
    fields |= {name: declared[name] for name in _OPTIONS if name in declared}
    fields |= {name: timestamp(declared[name]) for name in ("start_date", "end_date") if name in declared}
    if "dagrun_timeout_s" in declared:
        fields["dagrun_timeout"] = duration(declared["dagrun_timeout_s"])
    if declared.get("tags"):
        fields["tags"] = sorted(set(declared["tags"]))
    if declared.get("fail_fast"):
        fields["fail_fast"] = True
    if declared.get("owner_links"):
        fields["owner_links"] = declared["owner_links"]
    if declared.get("dag_display_name", dag_id) != dag_id:
        fields["dag_display_name"] = declared["dag_display_name"]
    if "access_control" in declared:
        fields["access_control"] = _access_control(declared["access_control"])
    return {"__version": VERSION, "dag": fields}


def _access_control(declared: Mapping[str, Any]) -> dict[str, Any]:
    roles = {
        role: typed("dict", {name: typed("set", sorted(set(permissions))) for name, permissions in resources.items()})
        for role, resources in declared.items()
    }
    return typed("dict", roles)


def _dependencies(
    dag_id: str, declared: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The assets that the Dag's tasks change, and those that its schedule waits for."""
    found = []
    for options in tasks.values():
        of_task: list[dict[str, Any]] = []
        for outlet in options.get("outlets", ()):
            edge = {} if is_reference(outlet) else dependency(outlet, source=dag_id)
            if edge and edge not in of_task:
                of_task.append(edge)
        found += of_task
    schedule = declared.get("schedule")
    if isinstance(schedule, dict) and "interval_s" not in schedule:
        found += [dependency(item, target=dag_id) for item in leaves(schedule_condition(schedule))]
    return sorted(found, key=lambda edge: tuple(edge.values()))


def _task_group(
    group_id: str | None, declared: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """A task group with everything in it. The edges of groups are those of their tasks."""
    options = {**_GROUP_DEFAULTS, **declared.get("group_options", {}).get(group_id, {})}
    return {
        "_group_id": group_id.rpartition(".")[2] if group_id else None,
        "prefix_group_id": True,
        "children": _children(group_id, declared, tasks),
        "upstream_group_ids": [],
        "downstream_group_ids": [],
        "upstream_task_ids": [],
        "downstream_task_ids": [],
        **options,
    }


def _children(
    group_id: str | None, declared: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[Any]]:
    """The tasks and groups right in a group."""
    prefix = f"{group_id}." if group_id else ""
    children: dict[str, list[Any]] = {
        task_id: ["operator", task_id] for task_id, options in tasks.items() if options.get("group") == group_id
    }
    groups = (*(options["group"] for options in tasks.values() if "group" in options), *declared.get("groups", ()))
    for group in groups:
        if group != group_id and group.startswith(prefix):
            child_id = prefix + group[len(prefix) :].partition(".")[0]
            if child_id not in children:
                children[child_id] = ["taskgroup", _task_group(child_id, declared, tasks)]
    return children
