"""The scheduling options of Dags and tasks: which values are valid."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from dagfloe import Asset, Bundle
from dagfloe.authoring.options import TRIGGER_RULES
from dagfloe.errors import RegistrationError

GOOD_TASK: dict[str, Any] = {
    "depends_on_past": True,
    "doc_md": "# it",
    "max_retry_delay": 60,
    "owner": "me",
    "pool": "small",
    "pool_slots": 2,
    "priority_weight": -1,
    "queue": "dagfloe",
    "retries": 0,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": True,
    "trigger_rule": "all_done",
}
GOOD_DAG: dict[str, Any] = {
    "catchup": False,
    "dagrun_timeout": 60.5,
    "default_args": {"retries": 2},
    "description": "it",
    "doc_md": "# it",
    "end_date": datetime(2027, 1, 1),  # noqa: DTZ001 - authors write it so
    "max_active_runs": 1,
    "max_active_tasks": 1,
    "params": {"limit": [1, None]},
    "schedule": "@daily",
    "start_date": datetime(2026, 1, 1),  # noqa: DTZ001
    "tags": ["b", "a"],
}
WRONG_TASK: list[tuple[str, Any]] = [
    ("depends_on_past", "yes"),
    ("doc_md", ""),
    ("max_retry_delay", -1),
    ("pool", 5),
    ("pool_slots", 0),
    ("priority_weight", 1.5),
    ("retries", -1),
    ("retries", True),
    ("retry_delay", "5m"),
    ("retry_delay", float("nan")),
    ("retry_delay", timedelta(seconds=-1)),
    ("trigger_rule", "sometimes"),
    ("trigger_rule", ["all_done"]),
]
WRONG_DAG: list[tuple[str, Any]] = [
    ("catchup", 1),
    ("default_args", ["retries"]),
    ("default_args", {"retires": 2}),
    ("end_date", "2026-01-01"),
    ("params", {"day": datetime(2026, 1, 1)}),  # noqa: DTZ001
    ("params", {1: 2}),
    ("schedule", ""),
    ("schedule", []),
    ("schedule", ["@daily"]),
    ("schedule", timedelta(0)),
    ("schedule", 60),
    ("tags", "ab"),
    ("tags", [1]),
]


def test_declared_options() -> None:
    """`declared` contains the options by name, without None."""
    dag = Bundle().dag("d", **GOOD_DAG)
    assert dag.declared == GOOD_DAG
    task = dag.task(task_id="t", **GOOD_TASK)(lambda: None)
    assert task.declared == GOOD_TASK
    assert dag.task(task_id="u", retries=None)(lambda: None).declared == {}
    assert Bundle().dag("d").declared == {}


def test_default_args() -> None:
    """Tasks of every kind take the Dag's default_args; their own options override them."""
    dag = Bundle().dag("d", default_args={"retries": 2, "pool": "small"})
    tasks = [
        dag.task(task_id="a")(lambda: None),
        dag.branch(task_id="b", retries=5)(lambda: "a"),
        dag.short_circuit(task_id="c", pool=None)(lambda: True),
    ]
    assert [task.declared for task in tasks] == [
        {"retries": 2, "pool": "small"},
        {"retries": 5, "pool": "small"},
        {"retries": 2},
    ]


@pytest.mark.parametrize("schedule", ["@daily", "0 4 * * *", timedelta(hours=1), [Asset("a"), Asset("b")]])
def test_schedules(schedule: Any) -> None:
    """A schedule is a string, a timedelta, or assets."""
    assert Bundle().dag("d", schedule=schedule).declared == {"schedule": schedule}


def test_every_trigger_rule() -> None:
    """Every trigger rule of Airflow is valid."""
    dag = Bundle().dag("d")
    for rule in TRIGGER_RULES:
        assert dag.task(task_id=rule, trigger_rule=rule)(lambda: None).declared == {"trigger_rule": rule}


@pytest.mark.parametrize(("name", "value"), WRONG_TASK)
def test_wrong_options_of_a_task(name: str, value: Any) -> None:
    """A wrong value is an error at registration, and the task is not registered."""
    dag = Bundle().dag("d")
    with pytest.raises(RegistrationError, match=f"the {name} of task 't' is .*, expected "):
        dag.task(task_id="t", **{name: value})(lambda: None)
    assert dag.tasks == {}


@pytest.mark.parametrize(("name", "value"), WRONG_DAG)
def test_wrong_options_of_a_dag(name: str, value: Any) -> None:
    """A wrong value is an error at registration, and the Dag is not registered."""
    bundle = Bundle()
    with pytest.raises(RegistrationError, match=f"{name} (of|has)"):
        bundle.dag("d", **{name: value})
    assert bundle.dags == {}


def test_unknown_options() -> None:
    """The error for an unknown option lists the known options."""
    dag: Any = Bundle().dag("d")
    with pytest.raises(RegistrationError, match=r"task 't' has no option 'retires': its options are .*retries"):
        dag.task(task_id="t", retires=2)(lambda: None)
    assert dag.tasks == {}
