"""Tasks of two bundles in one Dag, one with pandas 1 and one with pandas 2, in the queues of two coordinators."""

from __future__ import annotations

from airflow.sdk import DAG, task

with DAG("weather", schedule=None):

    @task.stub(queue="dagfloe")
    def extract(): ...

    @task.stub(queue="dagfloe")
    def aggregate(): ...

    @task.stub(queue="dagfloe")
    def load(): ...

    @task.stub(queue="pandas2")
    def by_year(): ...

    extract() >> aggregate() >> [load(), by_year()]
