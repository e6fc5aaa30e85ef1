"""A loop over a list creates a task for each item, with the item in its id."""

import pendulum

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonVirtualenvOperator
from airflow.sdk import DAG

TABLES = ["customers", "orders", "items"]


def load(table, mode):
    import inflection

    print(f"load {table} into {inflection.camelize(table)} ({mode})")
    return inflection.singularize(table)


with DAG(
    "loop_tasks",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    tags=["corpus"],
):
    start = EmptyOperator(task_id="start")
    end = EmptyOperator(task_id="end")

    for table in TABLES:
        (
            start
            >> PythonVirtualenvOperator(
                task_id=f"load_{table}",
                python_callable=load,
                requirements=["inflection==0.5.1"],
                system_site_packages=False,
                op_kwargs={"table": table, "mode": "append"},
            )
            >> end
        )
