"""Functions that run when a task ends, and one of the Dag."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator, PythonVirtualenvOperator


def tell(context):
    ti = context["ti"]
    print(f"callback: {ti.task_id} ended at try {ti.try_number}")


def tell_error(context):
    print(f"callback: {context['task_instance'].task_id} failed with {context['exception']}")


def tell_retry(context):
    print("callback: again", context["ti"].try_number)


def of_dag(context):
    print("callback of the Dag")


def work():
    print("working")
    return "done"


def stumble(ti):
    print("try", ti.try_number)
    raise ValueError(f"stumbled at {ti.try_number}")


with DAG(
    "callbacks",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    default_args={"on_failure_callback": tell_error, "retry_delay": timedelta(seconds=1)},
    on_failure_callback=of_dag,
    tags=["corpus"],
) as dag:
    good = PythonOperator(task_id="good", python_callable=work, on_success_callback=tell, on_execute_callback=tell)

    bad = PythonOperator(task_id="bad", python_callable=stumble, retries=1, on_retry_callback=[tell_retry, tell])

    isolated = PythonVirtualenvOperator(
        task_id="isolated",
        python_callable=work,
        requirements=["colorama==0.4.6"],
        system_site_packages=False,
        on_success_callback=tell,
        trigger_rule="all_done",
    )

    good >> bad >> isolated
