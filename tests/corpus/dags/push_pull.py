"""XComs with keys of their own, pushed and pulled by hand."""

from datetime import datetime

from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator


def push(ti):
    ti.xcom_push(key="rows", value=[{"id": 1, "tags": ["a", "b"]}, {"id": 2, "tags": []}])
    ti.xcom_push(key="source", value="inbox")
    return "pushed"


def push_by_context(**kwargs):
    kwargs["ti"].xcom_push("threshold", 2)
    kwargs["task_instance"].xcom_push(key="ratio", value=0.5)


def pull(ti, ds_nodash, **kwargs):
    rows = ti.xcom_pull(key="rows", task_ids="push")
    both = ti.xcom_pull(task_ids=["push", "push_by_context"], key="return_value")
    nothing = ti.xcom_pull(task_ids="push", key="missing", default="none")
    print(f"{len(rows)} rows; results {both}; {nothing}")
    threshold = kwargs["task_instance"].xcom_pull(task_ids="push_by_context", key="threshold")
    print(ds_nodash, "ti" in kwargs, "ds_nodash" in kwargs)
    for row in rows:
        print(row["id"], "+".join(row["tags"]) or "-", "kept" if row["id"] >= threshold else "dropped")
    return [row for row in rows if row["id"] >= threshold]


def pull_by_template(kept, source):
    print(kept, "from", source)


with DAG("push_pull", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, tags=["corpus"]) as dag:
    pushed = PythonOperator(task_id="push", python_callable=push)
    more = PythonOperator(task_id="push_by_context", python_callable=push_by_context)
    pulled = PythonOperator(task_id="pull", python_callable=pull)
    templated = PythonOperator(
        task_id="pull_by_template",
        python_callable=pull_by_template,
        op_kwargs={
            "kept": "{{ ti.xcom_pull(task_ids='pull') }}",
            "source": "{{ task_instance.xcom_pull(task_ids='push', key='source') | upper }}",
        },
    )

    [pushed, more] >> pulled >> templated
