"""A task group that is mapped, so that each item has its own pair of tasks."""

import pendulum

from airflow.sdk import dag, task, task_group


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def group_mapped():
    @task_group
    def per_city(city):
        @task.virtualenv(requirements=["inflection==0.5.1"], system_site_packages=False)
        def tidy(name):
            import inflection

            print("tidying", name)
            return inflection.titleize(name)

        @task
        def greet(name):
            print(f"hello {name}")
            return len(name)

        return greet(tidy(city))

    @task
    def total(lengths):
        print(sum(lengths))
        return sum(lengths)

    total(per_city.expand(city=["new_york", "rome"]))


group_mapped()
