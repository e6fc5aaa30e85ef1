"""Arguments with Jinja templates: dates, macros, filters, variables, and lists that contain them."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator, PythonVirtualenvOperator


def copy(day, target, options=None, **kwargs):
    print(f"copy {day} to {target}")
    for option in options or []:
        print("option", option)
    return target


def window(start, end):
    from datetime import date

    days = (date.fromisoformat(end) - date.fromisoformat(start)).days
    print(f"{start} to {end}: {days} days")
    return days


def query(**context):
    statement = context["templates_dict"]["statement"]
    print(statement)
    return statement


with DAG(
    "templates",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    default_args={"retries": 0, "retry_delay": timedelta(seconds=1)},
    user_defined_macros={"bucket": "corpus-bucket"},
    tags=["corpus"],
) as dag:
    copied = PythonVirtualenvOperator(
        task_id="copy",
        python_callable=copy,
        requirements=["colorama==0.4.6"],
        system_site_packages=False,
        op_args=["{{ ds }}"],
        op_kwargs={
            "target": "s3://landing/{{ ds_nodash }}/{{ dag.dag_id }}",
            "options": ["{{ run_id }}", "{{ var.value.get('corpus_region', 'nowhere') }}", "plain"],
        },
    )

    days = PythonVirtualenvOperator(
        task_id="window",
        python_callable=window,
        requirements=["colorama==0.4.6"],
        system_site_packages=False,
        op_kwargs={
            "start": "{{ macros.ds_add(ds, -7) }}",
            "end": "{{ logical_date.strftime('%Y-%m-%d') }}",
        },
    )

    queried = PythonOperator(
        task_id="query",
        python_callable=query,
        templates_dict={"statement": "select * from t where day = '{{ ds }}' limit {{ 5 * 2 }}"},
    )

    macro = PythonVirtualenvOperator(
        task_id="own_macro",
        python_callable=copy,
        requirements=["colorama==0.4.6"],
        system_site_packages=False,
        op_args=["{{ ds }}", "{{ bucket }}"],
    )

    copied >> days >> queried >> macro
