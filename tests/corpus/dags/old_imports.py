"""Written for Airflow 2: imports, names and habits that still work."""

import logging
from datetime import datetime, timedelta

from airflow import DAG
from airflow.decorators import task
from airflow.exceptions import AirflowSkipException
from airflow.models import Variable
from airflow.operators.python import PythonOperator, PythonVirtualenvOperator
from airflow.utils.trigger_rule import TriggerRule

default_args = {"owner": "airflow", "retries": 0, "retry_delay": timedelta(seconds=1), "email_on_failure": False}


def fetch(**kwargs):
    logging.info("fetching for %s", kwargs["ds"])
    region = Variable.get("corpus_region")
    kwargs["ti"].xcom_push(key="region", value=region)
    return 2


def decide(ti, **_):
    if ti.xcom_pull(task_ids="fetch") < 5:
        raise AirflowSkipException
    return "enough"


def isolated(count):
    import inflection

    print(inflection.ordinalize(count))
    return inflection.ordinalize(count)


with DAG(
    dag_id="old_imports",
    default_args=default_args,
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    tags=["corpus"],
) as dag:
    t1 = PythonOperator(task_id="fetch", python_callable=fetch)
    t2 = PythonOperator(task_id="decide", python_callable=decide)
    t3 = PythonVirtualenvOperator(
        task_id="isolated",
        python_callable=isolated,
        requirements=["inflection==0.5.1"],
        system_site_packages=False,
        op_kwargs={"count": 3},
        trigger_rule=TriggerRule.ALL_DONE,
    )

    @task(trigger_rule=TriggerRule.NONE_FAILED)
    def done(text):
        print("done", text)

    t1.set_downstream(t2)
    t2.set_downstream(t3)
    done(t3.output)
