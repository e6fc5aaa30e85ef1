"""Parameters of a run with defaults and a schema. A run gives one of them, and the others are the defaults."""

from __future__ import annotations

import pendulum

from airflow.providers.standard.operators.python import PythonVirtualenvOperator
from airflow.sdk import DAG, Param, task


def sample(limit, region, pattern):
    rows = [f"{region}-{number:{pattern}}" for number in range(int(limit))]
    print(rows)
    return rows


with DAG(
    "params_conf",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    params={
        "limit": Param(5, type="integer", minimum=1, maximum=10, description="How many rows"),
        "region": Param("north", enum=["north", "south"]),
        "pattern": "03d",
        "note": Param(None, type=["null", "string"]),
    },
    tags=["corpus"],
) as dag:
    sampled = PythonVirtualenvOperator(
        task_id="sample",
        python_callable=sample,
        requirements=["colorama==0.4.6"],
        system_site_packages=False,
        op_kwargs={
            "limit": "{{ params.limit }}",
            "region": "{{ params.region }}",
            "pattern": "{{ params['pattern'] }}",
        },
    )

    @task
    def show(params: dict):
        for name in sorted(params):
            print(f"{name}: {params[name]!r}")
        return params["limit"] * 2

    @task
    def conf_of(dag_run=None):
        print("conf:", dag_run.conf)
        return dag_run.conf

    sampled >> show() >> conf_of()
