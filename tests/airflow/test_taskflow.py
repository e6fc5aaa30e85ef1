"""A Dag file that is written with `airflow.sdk`, and the same file with dagfloe's imports, declare the same Dag."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import Bundle, task
from dagfloe.runtime.declaration import describe_dag

if TYPE_CHECKING:
    from types import ModuleType

PROJECT = Path(__file__).parents[1] / "demo" / "taskflow"
OURS = """from dagfloe import Bundle, chain, cross_downstream, task, task_group

bundle = Bundle()
dag = bundle.dag
"""
AIRFLOWS = "from airflow.sdk import chain, cross_downstream, dag, task, task_group\n"
#: Prints what Airflow makes of the Dag file in stdin.
CODE = """
import inspect, json, sys
names = {}
exec(compile(sys.stdin.read().replace("\\nshop()\\n", "\\nmade = shop()\\n"), "shop.py", "exec"), names)
dag = names["made"]
print("DAG" + json.dumps({
    "schedule": dag.schedule,
    "start_date": dag.start_date.isoformat(),
    "catchup": dag.catchup,
    "tags": sorted(dag.tags),
    "params": dict(dag.params.dump()),
    "doc_md": inspect.cleandoc(dag.doc_md),
    "groups": sorted(group for group in dag.task_group.get_task_group_dict() if group),
    "tasks": {task.task_id: {
        "upstream": sorted(task.upstream_task_ids),
        "retries": task.retries,
        "owner": task.owner,
        "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        "doc_md": task.doc_md and inspect.cleandoc(task.doc_md),
        "multiple_outputs": getattr(task, "multiple_outputs", False),
        "is_mapped": task.is_mapped,
    } for task in dag.tasks},
}))
"""
#: Prints the task_ids that Airflow gives to calls of a function with these names.
NAMING = """
import json, sys
from airflow.sdk import DAG, task
function, named = task(lambda: None), []
for names in json.load(sys.stdin):
    with DAG("d") as dag:
        for name in names:
            function.override(task_id=name)()
    named.append([task.task_id for task in dag.tasks])
print("NAMES" + json.dumps(named))
"""


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the project's module."""
    monkeypatch.syspath_prepend(PROJECT)
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    return import_module("shop")


def describe(shop: ModuleType) -> dict[str, Any]:
    """What the bundle declares, in the form of `CODE`."""
    dag = shop.bundle.dags["shop"]
    declared = describe_dag(dag)
    tasks = {
        task_id: {
            "upstream": sorted(fields.get("upstream", [])),
            "retries": fields["retries"],
            "owner": fields["owner"],
            "trigger_rule": fields.get("trigger_rule", "all_success"),
            "doc_md": fields.get("doc_md"),
            "multiple_outputs": dag.tasks[task_id].multiple_outputs,
            "is_mapped": "mapped" in fields,
        }
        for task_id, fields in declared["tasks"].items()
    }
    names = ("schedule", "start_date", "catchup", "tags", "params", "doc_md", "groups")
    return {**{name: declared[name] for name in names}, "tasks": tasks}


def run_in_airflow(code: str, stdin: str) -> str:
    """Run code in Airflow's Python, and return its output."""
    answer = subprocess.run(
        [os.environ["DAGFLOE_AIRFLOW_PYTHON"], "-c", code],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_a_port_is_a_change_of_imports(shop: ModuleType) -> None:
    """Airflow makes the same Dag of the file: ids, edges, groups, params, documentation and options of tasks."""
    source = (PROJECT / "shop.py").read_text("utf-8")
    assert source.count(OURS) == 1
    theirs = json.loads(run_in_airflow(CODE, source.replace(OURS, AIRFLOWS)).rpartition("DAG")[2])
    assert describe(shop) == theirs
    assert len(theirs["tasks"]) == 14


def test_task_ids_of_further_calls() -> None:
    """The second call of a function gets the task_id that Airflow gives it, whatever the names are."""
    generator = Random(20261126)  # noqa: S311 - the names need not be secret
    names = ["a", "b", "a__1", "a__2", "a__7", "a__b", "a__1__1", "__1", "a_", "a.b"]
    sequences = [generator.choices(names, k=generator.randint(2, 9)) for _ in range(400)]
    function = task(lambda: None)
    named = []
    for sequence in sequences:
        with Bundle().dag("d") as dag:
            for name in sequence:
                function.override(task_id=name)()
        named.append(list(dag.tasks))
    assert named == json.loads(run_in_airflow(NAMING, json.dumps(sequences)).rpartition("NAMES")[2])
