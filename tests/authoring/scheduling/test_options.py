"""The scheduling options of Dags and tasks: which values are valid."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from dagfloe import Asset, AssetAlias, AsyncCallback, Bundle, DeadlineAlert, DeadlineReference, Param
from dagfloe.authoring.scheduling.dag_options import RUN_TYPES
from dagfloe.authoring.scheduling.options import TRIGGER_RULES, WEIGHT_RULES
from dagfloe.errors import RegistrationError

DEADLINE = DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=1), AsyncCallback("alerts.late"))
GOOD_TASK: dict[str, Any] = {
    "depends_on_past": True,
    "do_xcom_push": False,
    "doc": "it",
    "doc_json": "{}",
    "doc_md": "# it",
    "doc_rst": "it",
    "doc_yaml": "it: 1",
    "end_date": datetime(2027, 1, 1),  # noqa: DTZ001 - authors write it so
    "executor": "LocalExecutor",
    "executor_config": {"queue": ["a", 1, None]},
    "ignore_first_depends_on_past": True,
    "max_active_tis_per_dag": 3,
    "max_active_tis_per_dagrun": 1,
    "max_retry_delay": 60,
    "owner": "me",
    "pool": "small",
    "pool_slots": 2,
    "priority_weight": -1,
    "queue": "dagfloe",
    "retries": 0,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 1.5,
    "start_date": datetime(2026, 1, 1),  # noqa: DTZ001
    "task_display_name": "It",
    "trigger_rule": "all_done",
    "wait_for_downstream": True,
    "wait_for_past_depends_before_skipping": True,
    "weight_rule": "upstream",
}
GOOD_DAG: dict[str, Any] = {
    "access_control": {"ops": {"DAGs": ["can_read"], "DAG Runs": []}},
    "allowed_run_types": ["manual", "scheduled"],
    "catchup": False,
    "dag_display_name": "It",
    "dagrun_timeout": 60.5,
    "deadline": [DEADLINE, DEADLINE],
    "default_args": {"retries": 2},
    "description": "it",
    "disable_bundle_versioning": True,
    "doc_md": "# it",
    "end_date": datetime(2027, 1, 1),  # noqa: DTZ001
    "fail_fast": False,
    "is_paused_upon_creation": False,
    "max_active_runs": 1,
    "max_active_tasks": 1,
    "max_consecutive_failed_dag_runs": 0,
    "owner_links": {"ann": "https://wiki/ann", "bob": "mailto:bob@shop"},
    "params": {"limit": [1, None]},
    "rerun_with_latest_version": False,
    "schedule": "@daily",
    "start_date": datetime(2026, 1, 1),  # noqa: DTZ001
    "tags": ["b", "a"],
}
WRONG_TASK: list[tuple[str, Any]] = [
    ("depends_on_past", "yes"),
    ("do_xcom_push", 0),
    ("doc_md", ""),
    ("end_date", "2026-01-01"),
    ("executor_config", {"at": datetime(2026, 1, 1)}),  # noqa: DTZ001
    ("executor_config", ["a"]),
    ("executor_config", {1: 2}),
    ("max_active_tis_per_dag", 0),
    ("max_retry_delay", -1),
    ("pool", 5),
    ("pool_slots", 0),
    ("priority_weight", 1.5),
    ("retries", -1),
    ("retries", True),
    ("retry_delay", "5m"),
    ("retry_delay", float("nan")),
    ("retry_delay", timedelta(seconds=-1)),
    ("retry_exponential_backoff", -1),
    ("retry_exponential_backoff", "yes"),
    ("retry_exponential_backoff", float("nan")),
    ("trigger_rule", "sometimes"),
    ("trigger_rule", ["all_done"]),
    ("weight_rule", "sideways"),
]
WRONG_DAG: list[tuple[str, Any]] = [
    ("access_control", ["ops"]),
    ("access_control", {"": {"DAGs": ["can_read"]}}),
    ("access_control", {"ops": {"DAGs": "can_read"}}),
    ("access_control", {"ops": {1: ["can_read"]}}),
    ("access_control", {"ops": [1]}),
    ("allowed_run_types", []),
    ("allowed_run_types", "yearly"),
    ("allowed_run_types", ["manual", 1]),
    ("catchup", 1),
    ("dag_display_name", ""),
    ("deadline", []),
    ("deadline", timedelta(hours=1)),
    ("deadline", [DEADLINE, None]),
    ("default_args", ["retries"]),
    ("default_args", {"retires": 2}),
    ("end_date", "2026-01-01"),
    ("fail_fast", "yes"),
    ("max_consecutive_failed_dag_runs", -1),
    ("owner_links", ["https://wiki/ann"]),
    ("owner_links", {"ann": "wiki"}),
    ("owner_links", {"ann": "https:/wiki"}),
    ("owner_links", {"ann": "mailto:"}),
    ("owner_links", {"ann": "https://[wiki"}),
    ("owner_links", {"ann": 1}),
    ("params", [Param(1)]),
    ("params", {"day": datetime(2026, 1, 1)}),  # noqa: DTZ001
    ("params", {1: 2}),
    ("schedule", ""),
    ("schedule", []),
    ("schedule", ["@daily"]),
    ("schedule", [Asset("a"), None]),
    ("schedule", timedelta(0)),
    ("schedule", 60),
    ("tags", "ab"),
    ("tags", [1]),
    ("tags", ["x" * 101]),
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


def test_default_args_of_every_kind() -> None:
    """Default options may be those that the task's process follows; a start_date is also the one of the Dag."""
    start = datetime(2026, 1, 1)  # noqa: DTZ001
    dag = Bundle().dag(
        "d",
        default_args={
            "execution_timeout": 60,
            "outlets": [Asset("a")],
            "multiple_outputs": True,
            "start_date": start,
            "retries": None,
        },
    )
    task = dag.task(task_id="t", multiple_outputs=False)(lambda: None)
    assert (task.execution_timeout_s, task.outlets, task.multiple_outputs) == (60.0, (Asset("a"),), False)
    assert dag.declared["start_date"] == task.declared["start_date"] == start
    end = datetime(2026, 2, 1)  # noqa: DTZ001
    assert Bundle().dag("d", start_date=end, default_args={"start_date": start}).declared["start_date"] == end


@pytest.mark.parametrize(
    "schedule",
    [
        "@daily",
        "0 4 * * *",
        timedelta(hours=1),
        [Asset("a"), Asset("b")],
        Asset("a"),
        AssetAlias("a"),
        Asset.ref(name="a"),
        [Asset.ref(uri="a"), AssetAlias("b")],
        Asset("a") & (Asset("b") | Asset.ref(name="c")),
        [Asset("a") | Asset("b"), Asset("c")],
    ],
)
def test_schedules(schedule: Any) -> None:
    """A schedule is a string, a timedelta, an asset, a condition of assets, or a list of these."""
    assert Bundle().dag("d", schedule=schedule).declared == {"schedule": schedule}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schedule": "@continuous"}, r"has the schedule '@continuous': set its max_active_runs to 1"),
        ({"schedule": "@continuous", "max_active_runs": 2}, "set its max_active_runs to 1"),
        ({"schedule": "@daily", "catchup": True}, "has catchup=True and no start_date"),
        ({"schedule": Asset("a"), "catchup": True}, "has catchup=True and no start_date"),
        ({"schedule": "@daily", "params": {"a": 1, "b": Param(type="string")}}, "its param 'b' has no default"),
        ({"schedule": "@daily", "allowed_run_types": "manual"}, "do not contain 'scheduled'"),
        ({"schedule": [Asset("a")], "allowed_run_types": ["scheduled"]}, "do not contain 'asset_triggered'"),
        ({"allowed_run_types": ["backfill"]}, "do not contain 'manual'"),
    ],
)
def test_options_that_do_not_fit_together(options: Any, message: str) -> None:
    """Airflow refuses these Dags, and so does dagfloe."""
    with pytest.raises(RegistrationError, match=f"Dag 'd' .*{message}|of Dag 'd' {message}"):
        Bundle().dag("d", **options)


def test_options_that_fit_together() -> None:
    """The same options are valid in other Dags."""
    start = datetime(2026, 1, 1)  # noqa: DTZ001
    Bundle().dag("d", schedule="@continuous", max_active_runs=1)
    Bundle().dag("d", catchup=True, params={"b": Param()}, allowed_run_types=["manual", "backfill"])
    Bundle().dag("d", schedule="@daily", catchup=True, default_args={"start_date": start})
    assert Bundle().dag("d", allowed_run_types="manual").declared == {"allowed_run_types": ["manual"]}
    assert Bundle().dag("d", deadline=DEADLINE).declared == {"deadline": [DEADLINE]}
    for run_type in RUN_TYPES:
        Bundle().dag("d", allowed_run_types={"manual", run_type})


def test_permissions() -> None:
    """Permissions without a resource are those of the Dag."""
    dag = Bundle().dag("d", access_control={"ops": {"can_read", "can_edit"}, "dev": {"DAG Runs": ("can_create",)}})
    assert dag.declared["access_control"] == {
        "ops": {"DAGs": ["can_edit", "can_read"]},
        "dev": {"DAG Runs": ["can_create"]},
    }


def test_fail_fast() -> None:
    """A Dag with fail_fast has only tasks with the default trigger rule, and teardowns."""
    dag = Bundle().dag("d", fail_fast=True)
    dag.task(task_id="a", trigger_rule="all_success")(lambda: None)
    dag.teardown(task_id="b")(lambda: None)
    with pytest.raises(RegistrationError, match="task 'c' has the trigger_rule 'all_done', and Dag 'd' has fail_fast"):
        dag.task(task_id="c", trigger_rule="all_done")(lambda: None)
    assert list(dag.tasks) == ["a", "b"]


def test_every_rule() -> None:
    """Every trigger rule and every weight rule of Airflow is valid."""
    dag = Bundle().dag("d")
    for rule in WEIGHT_RULES:
        assert dag.task(task_id=rule, weight_rule=rule)(lambda: None).declared == {"weight_rule": rule}
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


@pytest.mark.parametrize("option", ["inlets", "outlets"])
def test_assets_of_tasks(option: str) -> None:
    """A task takes one asset or several, as in Airflow. Anything else is an error that names the task."""
    dag = Bundle().dag("d")
    valid: list[Any] = [Asset("a"), [Asset("a")], {Asset("a")}, AssetAlias("a"), Asset.ref(uri="a")]
    invalid: list[Any] = ["s3://shop", ["s3://shop"], [Asset("a"), None], Asset("a") & Asset("b"), 5, {"a": 1}]
    for number, given in enumerate(valid):
        task = dag.task(task_id=f"t{number}", **{option: given})(lambda: None)
        assert getattr(task, option) == (tuple(given) if isinstance(given, (list, set)) else (given,))
    for wrong in invalid:
        with pytest.raises(RegistrationError, match=f"the {option} of task 'wrong' contain .*: pass an Asset"):
            dag.task(task_id="wrong", **{option: wrong})(lambda: None)
