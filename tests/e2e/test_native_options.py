"""Each option of Dags, tasks and task groups, as the Dag processor of a complete Airflow 3.4 got it from a file.

An option is looked up in the REST API, or in the stored Dag if the API does not show it. The Dags are those of
`tests/demo/native34/native34/options.py`. The table of docs/reference/dag-options.md names the options.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from e2e.rest import path_of
from e2e.scene import only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from e2e.scene import Scene

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(400, func_only=True),
    pytest.mark.airflow_version("3.4", reason="Airflow 3.3 has no native Dags"),
]
DAG_ID = "options"
#: The options that Airflow does not get, because the task's process alone follows them.
IN_THE_BUNDLE = {
    "retry_policy": "tests/e2e/test_native_dags.py::test_retry_policy",
    **{
        f"on_{moment}_callback": "tests/airflow/test_twins.py::test_callbacks"
        for moment in ("execute", "failure", "retry", "skipped", "success")
    },
}


class Stored:
    """What Airflow has of the Dags.

    Args:
        scene: the test's view of the Airflow.
    """

    def __init__(self, scene: Scene) -> None:
        self._api = scene.api
        self._database = scene.world.database

    def details(self, dag_id: str = DAG_ID) -> dict[str, Any]:
        """Return a Dag as the API shows it."""
        details: dict[str, Any] = self._api.get(path_of("dags", dag_id, "details"))
        return details

    def task(self, task_id: str = "full") -> dict[str, Any]:
        """Return a task as the API shows it."""
        task: dict[str, Any] = self._api.get(path_of("dags", DAG_ID, "tasks", task_id))
        return task

    def node(self, node_id: str) -> dict[str, Any]:
        """Return a task or a task group as the graph shows it."""
        node: dict[str, Any] = only(
            node_id, [node for node in _flat(self.structure()["nodes"]) if node["id"] == node_id]
        )
        return node

    def structure(self) -> dict[str, Any]:
        """Return the graph."""
        structure: dict[str, Any] = self._api.get_ui("structure/structure_data", dag_id=DAG_ID)
        return structure

    def deadline(self) -> dict[str, Any]:
        """Return the deadline as the API shows it."""
        deadline: dict[str, Any] = only(
            "deadlines", self._api.get_ui(path_of("dags", DAG_ID, "deadlineAlerts"))["deadline_alerts"]
        )
        return deadline

    def serialized(self, dag_id: str = DAG_ID) -> dict[str, Any]:
        """Return the Dag that is stored in the database."""
        with closing(sqlite3.connect(self._database)) as database:
            rows = database.execute("SELECT data FROM serialized_dag WHERE dag_id = ?", (dag_id,)).fetchall()
        dag: dict[str, Any] = json.loads(only("serialized Dags", rows)[0])["dag"]
        return dag

    def serialized_task(self, task_id: str = "full") -> dict[str, Any]:
        """Return the stored form of a task."""
        tasks = [task["__var"] for task in self.serialized()["tasks"]]
        task: dict[str, Any] = only(task_id, [task for task in tasks if task["task_id"] == task_id])
        return task

    def serialized_group(self) -> dict[str, Any]:
        """Return the stored form of the outer task group."""
        group: dict[str, Any] = self.serialized()["task_group"]["children"]["outer"][1]
        return group


def _flat(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        yield node
        yield from _flat(node["children"] or [])


def _assets(expression: Any) -> Any:
    """Return the names in an expression of assets."""
    if isinstance(expression, list):
        return [_assets(item) for item in expression]
    return (
        expression["asset"]["name"] if "asset" in expression else {key: _assets(expression[key]) for key in expression}
    )


#: What Airflow has for each option of a Dag, and what it should have.
DAG_OPTIONS: dict[str, tuple[Callable[[Stored], object], object]] = {
    "access_control": (
        lambda stored: stored.serialized()["access_control"]["__var"]["sales-team"]["__var"]["DAGs"],
        {"__type": "set", "__var": ["can_edit", "can_read"]},
    ),
    "allowed_run_types": (lambda stored: sorted(stored.details()["allowed_run_types"]), ["manual", "scheduled"]),
    "catchup": (lambda stored: stored.details()["catchup"], True),
    "dag_display_name": (lambda stored: stored.details()["dag_display_name"], "All the options"),
    "dag_id": (lambda stored: stored.details()["dag_id"], "options"),
    "dagrun_timeout": (lambda stored: stored.details()["dag_run_timeout"], "PT2H"),
    "deadline": (
        lambda stored: [stored.deadline()[name] for name in ("name", "interval", "reference_type")],
        ["late", 5400.0, "DagRunQueuedAtDeadline"],
    ),
    "default_args": (lambda stored: [stored.task("plain")[name] for name in ("retries", "owner")], [4, "sales"]),
    "description": (lambda stored: stored.details()["description"], "every option"),
    "disable_bundle_versioning": (lambda stored: stored.serialized()["disable_bundle_versioning"], True),
    "doc_md": (lambda stored: stored.details()["doc_md"], "# Options\n\nAll of them."),
    "end_date": (lambda stored: stored.details()["end_date"], "2036-01-01T00:00:00Z"),
    "fail_fast": (lambda stored: stored.serialized("options_strict")["fail_fast"], True),
    "is_paused_upon_creation": (
        lambda stored: [stored.details(dag_id)["is_paused"] for dag_id in ("options", "options_strict")],
        [True, False],
    ),
    "max_active_runs": (lambda stored: stored.details()["max_active_runs"], 3),
    "max_active_tasks": (lambda stored: stored.details()["max_active_tasks"], 5),
    "max_consecutive_failed_dag_runs": (lambda stored: stored.details()["max_consecutive_failed_dag_runs"], 2),
    "owner_links": (lambda stored: stored.details()["owner_links"], {"sales": "https://example.org/sales"}),
    "params": (
        lambda stored: {
            name: (param["value"], param["description"], param["schema"])
            for name, param in stored.details()["params"].items()
        },
        {"country": ("uk", None, {}), "limit": (5, "how many", {"type": "integer", "minimum": 1})},
    ),
    "rerun_with_latest_version": (lambda stored: stored.details()["rerun_with_latest_version"], True),
    "schedule-cron": (
        # The first run is at 4:30 in Berlin.
        lambda stored: [stored.details()[name] for name in ("timetable_summary", "next_dagrun_run_after")],
        ["30 4 * * *", "2026-01-01T03:30:00Z"],
    ),
    "schedule-preset": (lambda stored: stored.details("options_preset")["timetable_summary"], "0 0 * * 0"),
    "schedule-once": (lambda stored: stored.details("options_once")["timetable_summary"], "@once"),
    "schedule-continuous": (lambda stored: stored.details("options_continuous")["timetable_summary"], "@continuous"),
    "schedule-timedelta": (lambda stored: stored.details("options_delta")["timetable_summary"], "6:00:00"),
    "schedule-asset": (lambda stored: _assets(stored.details("options_asset")["asset_expression"]), "options_a"),
    "schedule-alias": (
        lambda stored: stored.details("options_alias")["asset_expression"],
        {"alias": {"name": "options_alias", "group": "aliases"}},
    ),
    "schedule-reference": (
        lambda stored: stored.details("options_reference")["asset_expression"],
        {"all": [{"asset_ref": {"name": "options_a"}}, {"asset_ref": {"uri": "s3://options/options_b"}}]},
    ),
    "schedule-assets": (
        lambda stored: _assets(stored.details("options_assets")["asset_expression"]),
        {"all": ["options_a", "options_b"]},
    ),
    "schedule-condition": (
        lambda stored: _assets(stored.details("options_condition")["asset_expression"]),
        {"all": ["options_a", {"any": ["options_b", "options_c"]}]},
    ),
    "start_date": (lambda stored: stored.details()["start_date"], "2025-12-31T23:00:00Z"),
    "tags": (lambda stored: [tag["name"] for tag in stored.details()["tags"]], ["daily", "shop"]),
}
#: What Airflow has for each option of a task.
TASK_OPTIONS: dict[str, tuple[Callable[[Stored], object], object]] = {
    "arguments": (
        lambda stored: stored.serialized_task()["_arg_bindings"],
        [
            {"kind": "xcom", "name": "rows", "task_id": "plain"},
            {"kind": "literal", "name": "factor", "value": 2.5},
            {"kind": "literal", "name": "labels", "value": {"a": [1]}},
        ],
    ),
    "branch": (lambda stored: stored.serialized_task("chooses")["_can_skip_downstream"], True),
    "depends_on_past": (lambda stored: stored.task()["depends_on_past"], True),
    "do_xcom_push": (lambda stored: stored.serialized_task()["do_xcom_push"], False),
    "doc": (lambda stored: stored.serialized_task("waits")["doc"], "plain"),
    "doc_json": (lambda stored: stored.serialized_task("in_json")["doc_json"], '{"a": 1}'),
    "doc_md": (lambda stored: stored.task()["doc_md"], "**bold**"),
    "doc_rst": (lambda stored: stored.serialized_task("in_rst")["doc_rst"], "*a*"),
    "doc_yaml": (lambda stored: stored.serialized_task("in_yaml")["doc_yaml"], "a: 1"),
    "end_date": (lambda stored: stored.task()["end_date"], "2027-02-01T00:00:00Z"),
    "execution_timeout": (lambda stored: _seconds(stored.task()["execution_timeout"]), 600),
    "executor": (lambda stored: stored.serialized_task()["executor"], "LocalExecutor"),
    "executor_config": (
        lambda stored: stored.serialized_task()["executor_config"],
        {"__type": "dict", "__var": {"labels": {"__type": "dict", "__var": {"team": "sales"}}, "memory": "2G"}},
    ),
    "expand": (
        lambda stored: [
            stored.task("outer.mapped")["is_mapped"],
            stored.serialized_task("outer.mapped")["op_kwargs_expand_input"]["value"]["__var"],
        ],
        [
            True,
            {
                "item": {"__type": "xcomref", "__var": {"task_id": "outer.inner.items", "key": "return_value"}},
                "size": [10, 20, 30],
            },
        ],
    ),
    "ignore_first_depends_on_past": (lambda stored: stored.serialized_task()["ignore_first_depends_on_past"], True),
    "inlets": (
        lambda stored: [item["__var"]["name"] for item in stored.serialized_task()["inlets"]],
        ["options_a", "options_alias"],
    ),
    "max_active_tis_per_dag": (lambda stored: stored.serialized_task()["max_active_tis_per_dag"], 6),
    "max_active_tis_per_dagrun": (lambda stored: stored.serialized_task()["max_active_tis_per_dagrun"], 4),
    "max_retry_delay": (lambda stored: stored.serialized_task()["max_retry_delay"], 1200.0),
    "multiple_outputs": (lambda stored: stored.serialized_task()["multiple_outputs"], True),
    "order": (lambda stored: sorted(stored.task("create")["downstream_task_ids"]), ["delete", "work"]),
    "outlets": (
        lambda stored: [item["__var"] for item in stored.serialized_task()["outlets"]][1],
        {"name": "options_d", "uri": "s3://options/d", "group": "prices", "extra": {"owner": "sales"}},
    ),
    "owner": (lambda stored: stored.task()["owner"], "prices"),
    "pool": (lambda stored: stored.task()["pool"], "database"),
    "pool_slots": (lambda stored: stored.task()["pool_slots"], 2),
    "priority_weight": (lambda stored: stored.task()["priority_weight"], 7),
    "queue": (lambda stored: [stored.task(name)["queue"] for name in ("full", "plain")], ["big", "dagfloe"]),
    "retries": (lambda stored: stored.task()["retries"], 2),
    "retry_delay": (lambda stored: _seconds(stored.task()["retry_delay"]), 90),
    "retry_exponential_backoff": (lambda stored: stored.task()["retry_exponential_backoff"], 1.5),
    "setup": (lambda stored: stored.node("create")["setup_teardown_type"], "setup"),
    "short_circuit": (lambda stored: stored.serialized_task("is_needed")["_can_skip_downstream"], True),
    "start_date": (lambda stored: stored.task()["start_date"], "2026-02-01T00:00:00Z"),
    "task_display_name": (lambda stored: stored.task()["task_display_name"], "A task with options"),
    "task_id": (lambda stored: stored.task("outer.inner.items")["task_id"], "outer.inner.items"),
    "teardown": (
        lambda stored: [
            stored.node("delete")["setup_teardown_type"],
            stored.task("delete")["trigger_rule"],
            stored.serialized_task("delete")["on_failure_fail_dagrun"],
        ],
        ["teardown", "all_done_setup_success", True],
    ),
    "trigger_rule": (lambda stored: stored.task()["trigger_rule"], "all_done"),
    "wait_for_downstream": (lambda stored: stored.task("waits")["wait_for_downstream"], True),
    "wait_for_past_depends_before_skipping": (
        lambda stored: stored.serialized_task()["wait_for_past_depends_before_skipping"],
        True,
    ),
    "weight_rule": (lambda stored: stored.task()["weight_rule"], "absolute"),
}
#: What Airflow has for each option of a task group, and for labels of edges.
GROUP_OPTIONS: dict[str, tuple[Callable[[Stored], object], object]] = {
    "dag": (lambda stored: [child["id"] for child in stored.node("given")["children"]], ["given.last"]),
    "default_args": (lambda stored: stored.task("outer.inner.items")["retries"], 9),
    "doc_md": (lambda stored: stored.serialized_group()["doc_md"], "A *group*."),
    "group_display_name": (lambda stored: stored.node("outer")["label"], "The outer group"),
    "group_id": (lambda stored: stored.node("outer.inner")["id"], "outer.inner"),
    "label": (
        lambda stored: [
            (edge["source_id"], edge["target_id"], edge["label"])
            for edge in stored.structure()["edges"]
            if edge["label"]
        ],
        [("chooses", "left", "open")],
    ),
    "tooltip": (lambda stored: stored.node("outer")["tooltip"], "the outer group"),
    "ui_color": (lambda stored: stored.serialized_group()["ui_color"], "#d6eadf"),
    "ui_fgcolor": (lambda stored: stored.serialized_group()["ui_fgcolor"], "#123456"),
}


def _seconds(duration: dict[str, Any]) -> float:
    return float(duration["days"] * 86400 + duration["seconds"] + duration["microseconds"] / 1e6)


@pytest.mark.parametrize("option", DAG_OPTIONS)
def test_dag(scene: Scene, option: str) -> None:
    """Airflow has the option of the Dag."""
    look_up, expected = DAG_OPTIONS[option]
    assert look_up(Stored(scene)) == expected


@pytest.mark.parametrize("option", TASK_OPTIONS)
def test_task(scene: Scene, option: str) -> None:
    """Airflow has the option of the task."""
    look_up, expected = TASK_OPTIONS[option]
    assert look_up(Stored(scene)) == expected


@pytest.mark.parametrize("option", GROUP_OPTIONS)
def test_group(scene: Scene, option: str) -> None:
    """Airflow has the option of the task group, or the label of the edge."""
    look_up, expected = GROUP_OPTIONS[option]
    assert look_up(Stored(scene)) == expected
