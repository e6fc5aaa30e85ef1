"""A resource that is made before, and removed after, whatever happens between."""

import pendulum

from airflow.sdk import dag, setup, task, teardown


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def setup_teardown():
    @setup
    def create() -> str:
        print("creating")
        return "cluster-7"

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
    def work(cluster: str):
        print("working on", cluster)
        raise RuntimeError(f"{cluster} went away")

    @teardown
    def remove(cluster: str):
        print("removing", cluster)
        return cluster

    cluster = create()
    work(cluster) >> remove(cluster)


setup_teardown()
