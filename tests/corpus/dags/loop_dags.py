"""A factory that makes a Dag for each entry of a table. The dag_ids are known only when the file runs."""

import pendulum

from airflow.sdk import dag, task

SOURCES = {"alpha": 2, "beta": 3}


def make(name, times):
    @dag(
        dag_id=f"loop_dags_{name}",
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        catchup=False,
        tags=["corpus"],
    )
    def build():
        @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
        def repeat(word, count):
            print(" ".join([word] * count))
            return count

        repeat(name, times)

    return build()


for source, number in SOURCES.items():
    make(source, number)
