"""The Dag `steps` as ordinary tasks of Airflow."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, get_current_context, task
from steps import step


def add(dag_id, **options):
    with DAG(dag_id, schedule=None, default_args={"retries": 3, "retry_delay": timedelta(seconds=1), **options}) as dag:

        @task
        def numbers():
            return list(range(get_current_context()["dag_run"].conf["count"]))

        @task(task_id="step")
        def one_step(number):
            context = get_current_context()
            ti = context["ti"]
            ids = {
                "dag_id": ti.dag_id,
                "run_id": ti.run_id,
                "task_id": ti.task_id,
                "map_index": ti.map_index,
                "try_number": ti.try_number,
            }
            return step(number, context["dag_run"].conf, ids)

        one_step.expand(number=numbers())
    return dag


ordinary_steps = add("ordinary_steps")
ordinary_edge_steps = add("ordinary_edge_steps", executor="EdgeExecutor")
