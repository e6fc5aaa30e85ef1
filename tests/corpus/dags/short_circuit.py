"""A condition ends a chain early, and an isolated task runs all the same because of its trigger rule."""

import pendulum

from airflow.sdk import chain, dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def short_circuit():
    @task.short_circuit(ignore_downstream_trigger_rules=False)
    def is_open(day: str) -> bool:
        print("weekday of", day)
        return day not in ("Saturday", "Sunday")

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
    def trade():
        print("trading")

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False, trigger_rule="none_failed")
    def close():
        print("closing")
        return "closed"

    chain(is_open("Sunday"), trade(), close())


short_circuit()
