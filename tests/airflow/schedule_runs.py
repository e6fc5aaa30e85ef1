"""Lets Airflow's own scheduling decide the states of Dag runs, in Airflow's Python, without running any task.

Reads a JSON list of Dags from stdin, and prints a JSON list of their results. Each Dag is an object: `tasks` maps
task_ids to `kind`, `upstream`, `trigger_rule`, `on_failure_fail_dagrun` and `ends_in`, the state in which the task ends
when it runs. Each result has the Dag run's `state` and the `states` of the tasks.

It needs a scratch `AIRFLOW_HOME` that contains nothing.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.models.dagrun import get_or_create_dagrun
from airflow.models.taskinstance import _stop_remaining_tasks
from airflow.sdk import timezone
from airflow.serialization.serialized_objects import DagSerialization
from airflow.settings import Session
from airflow.utils.db import initdb
from airflow.utils.types import DagRunTriggeredByType

_DAG_FILE = """
import json
from pathlib import Path

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

for dag_id, declared in json.loads(Path(__file__).with_name("dags.json").read_text()).items():
    with DAG(dag_id, schedule=None, fail_fast=declared.get("fail_fast", False)) as dag:
        operators = {}
        for task_id, task in declared["tasks"].items():
            options = {"trigger_rule": task["trigger_rule"]} if "trigger_rule" in task else {}
            operator = operators[task_id] = EmptyOperator(task_id=task_id, **options)
            for upstream in task.get("upstream", ()):
                operators[upstream] >> operator
            if task.get("kind") == "setup":
                operator.as_setup()
            elif task.get("kind") == "teardown":
                operator.as_teardown(on_failure_fail_dagrun=task.get("on_failure_fail_dagrun", False))
    globals()[dag_id] = dag
"""


def main() -> None:
    """Create the Dags, and their runs."""
    home = Path(os.environ["AIRFLOW_HOME"])
    dags = {f"dag_{number}": declared for number, declared in enumerate(json.load(sys.stdin))}
    folder = home / "dags"
    folder.mkdir()
    (folder / "dags.json").write_text(json.dumps(dags))
    (folder / "generated.py").write_text(_DAG_FILE)

    initdb()
    manager = DagBundlesManager()
    manager.sync_bundles_to_db()
    (bundle,) = manager.get_all_dag_bundles()
    bundle.initialize()
    bag = BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    assert not bag.import_errors, bag.import_errors
    sync_bag_to_db(bag, bundle.name, bundle.version)
    session = Session()
    json.dump([run(bag.dags[dag_id], declared["tasks"], session) for dag_id, declared in dags.items()], sys.stdout)


def run(dag: Any, tasks: dict[str, Any], session: Any) -> dict[str, Any]:
    """Create one run of a Dag, and let every task end in its state as soon as the scheduler may start it."""
    now = timezone.utcnow()
    dag_run = get_or_create_dagrun(
        dag=DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag)),
        start_date=now,
        logical_date=now,
        data_interval=None,
        run_after=now,
        run_id="test",
        session=session,
        conf=None,
        triggered_by=DagRunTriggeredByType.TEST,
        triggering_user_name="test",
    )
    states = read_states(dag_run, session)
    while dag_run.state == "running":
        before = states
        ready, _ = dag_run.update_state(session=session)
        for instance in ready:
            instance.set_state("queued", session=session)
        session.commit()
        states = read_states(dag_run, session)
        if states == before:  # the scheduler can do nothing more before a task ends
            for instance in dag_run.get_task_instances(session=session):
                if instance.state == "queued":
                    end(instance, dag, tasks[instance.task_id].get("ends_in", "success"), session)
            session.commit()
    return {"state": str(dag_run.state), "states": states}


def end(instance: Any, dag: Any, state: str, session: Any) -> None:
    """Let a task end, with what Airflow's API server does after it."""
    instance.set_state(state, session=session)
    if dag.fail_fast and state == "failed":
        kinds = {task_id: task.is_teardown for task_id, task in dag.task_dict.items()}
        _stop_remaining_tasks(task_instance=instance, task_teardown_map=kinds, session=session)


def read_states(dag_run: Any, session: Any) -> dict[str, Any]:
    """Return the states of the tasks."""
    session.expire_all()
    return {ti.task_id: ti.state and str(ti.state) for ti in dag_run.get_task_instances(session=session)}


if __name__ == "__main__":
    main()
