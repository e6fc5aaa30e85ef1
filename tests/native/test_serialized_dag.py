"""The serialized form of Dags. `test_same_as_airflow.py` compares it with Airflow's own."""

from __future__ import annotations

from typing import Any

from dagfloe.native.serialized_dag import serialize_dag


def manifest(**dags: dict[str, Any]) -> dict[str, Any]:
    """A manifest with declarations of Dags."""
    entries = {dag_id: {"tasks": list(declared["tasks"]), "declaration": declared} for dag_id, declared in dags.items()}
    return {"sdk": {"name": "dagfloe"}, "dags": entries}


def test_least_dag() -> None:
    """A Dag that declares nothing leaves its limits to Airflow's settings."""
    assert serialize_dag(manifest(etl={"tasks": {"load": {}}}), "etl") == {
        "__version": 3,
        "dag": {
            "allowed_run_types": None,
            "dag_dependencies": [],
            "dag_id": "etl",
            "deadline": None,
            "edge_info": {},
            "params": [],
            "task_group": {
                "_group_id": None,
                "children": {"load": ["operator", "load"]},
                "downstream_group_ids": [],
                "downstream_task_ids": [],
                "group_display_name": "",
                "prefix_group_id": True,
                "tooltip": "",
                "ui_color": "CornflowerBlue",
                "ui_fgcolor": "#000",
                "upstream_group_ids": [],
                "upstream_task_ids": [],
            },
            "tasks": [
                {
                    "__type": "operator",
                    "__var": {
                        "_needs_expansion": False,
                        "_task_module": "dagfloe",
                        "queue": "dagfloe",
                        "retry_delay": 300.0,
                        "task_id": "load",
                        "task_type": "@dag.task",
                        "template_fields": [],
                    },
                }
            ],
            "timetable": {"__type": "airflow.timetables.simple.NullTimetable", "__var": {}},
            "timezone": "UTC",
        },
    }
