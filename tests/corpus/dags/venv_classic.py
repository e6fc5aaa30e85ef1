"""Operators, a `with` block and functions at the top of the file, as Dags were written for years."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator, PythonVirtualenvOperator

default_args = {
    "owner": "data-team",
    "depends_on_past": False,
    "retries": 1,
    "retry_delay": timedelta(seconds=1),
}


def compare_versions(first, second):
    from packaging.version import Version

    newest = max(Version(first), Version(second))
    print(f"{newest} is newer than {min(Version(first), Version(second))}")
    return str(newest)


def describe(version, product="the product", **kwargs):
    from packaging.version import Version

    parsed = Version(version)
    print(f"{product} {parsed} is", "a pre-release" if parsed.is_prerelease else "a release")
    return {"major": parsed.major, "minor": parsed.minor, "pre": parsed.is_prerelease}


def report(ti):
    newest = ti.xcom_pull(task_ids="compare_versions")
    facts = ti.xcom_pull(task_ids="describe")
    print(f"newest={newest} facts={sorted(facts.items())}")


with DAG(
    dag_id="venv_classic",
    default_args=default_args,
    description="Compares two versions",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    tags=["corpus"],
) as dag:
    start = EmptyOperator(task_id="start")

    compare = PythonVirtualenvOperator(
        task_id="compare_versions",
        python_callable=compare_versions,
        requirements=["packaging==24.1"],
        system_site_packages=False,
        op_args=["1.10.0", "1.9.3"],
    )

    describe_task = PythonVirtualenvOperator(
        task_id="describe",
        python_callable=describe,
        requirements=["packaging==24.1"],
        system_site_packages=False,
        op_kwargs={"version": "2.0rc1", "product": "dough"},
    )

    report_task = PythonOperator(task_id="report", python_callable=report)

    end = EmptyOperator(task_id="end")

    start >> [compare, describe_task] >> report_task >> end
