"""Isolated tasks that need Airflow's own packages, or the site packages of the worker, and one that does not."""

import os

import pendulum

from airflow.sdk import dag, task

AIRFLOW_PYTHON = os.environ.get("AIRFLOW_PYTHON", "/opt/airflow/bin/python")


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def needs_airflow():
    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=True)
    def with_site_packages():
        import jinja2

        text = jinja2.Template("{{ 6 * 7 }} is {{ kind }}").render(kind="even")
        print(text)
        return text

    @task.external_python(python=AIRFLOW_PYTHON, expect_airflow=True)
    def with_airflow():
        from airflow.configuration import conf

        print("executor:", conf.get("core", "executor"))
        return conf.getboolean("core", "load_examples")

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False, expect_airflow=False)
    def without():
        print("alone")
        return "alone"

    with_site_packages() >> with_airflow() >> without()


needs_airflow()
