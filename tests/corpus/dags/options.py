"""Options of tasks that Airflow looks at: pool, weight, trigger rules, timeouts, owners, documentation."""

from datetime import timedelta

import pendulum

from airflow.providers.standard.operators.python import PythonVirtualenvOperator
from airflow.sdk import DAG, TriggerRule, task


def note(text):
    print(text)
    return text


with DAG(
    dag_id="options",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_tasks=4,
    default_args={"owner": "corpus", "retries": 1, "retry_delay": timedelta(seconds=1)},
    tags=["corpus"],
):
    first = PythonVirtualenvOperator(
        task_id="first",
        python_callable=note,
        requirements=["colorama==0.4.6"],
        system_site_packages=False,
        op_args=["first"],
        pool="default_pool",
        priority_weight=10,
        weight_rule="absolute",
        execution_timeout=timedelta(minutes=5),
        doc_md="Writes a **note**.",
        owner="other",
        do_xcom_push=False,
    )

    @task.virtualenv(
        requirements=["colorama==0.4.6"],
        system_site_packages=False,
        trigger_rule=TriggerRule.NONE_SKIPPED,
        retries=0,
        doc="fails, and nothing retries it",
        task_display_name="The second one",
    )
    def second():
        print("no luck")
        raise LookupError("no luck")

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False, trigger_rule=TriggerRule.ALL_FAILED)
    def third():
        print("after a failure")

    @task(trigger_rule="none_failed_min_one_success", max_active_tis_per_dag=1)
    def fourth():
        print("after a success")

    first >> second() >> third() >> fourth()
