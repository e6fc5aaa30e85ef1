"""Isolated tasks that fail, skip by their exit code, and are tried again."""

from datetime import timedelta

import pendulum

from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def venv_outcomes():
    @task.virtualenv(
        requirements=["colorama==0.4.6"], system_site_packages=False, retries=1, retry_delay=timedelta(seconds=1)
    )
    def divides(number):
        print("dividing by", number)
        return 10 / number

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False, skip_on_exit_code=99)
    def skips():
        import sys

        print("nothing to do", flush=True)
        sys.exit(99)

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
    def after(result):
        print("never seen", result)

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False, trigger_rule="all_done")
    def cleans():
        print("clean")

    after(divides(0)) >> cleans()
    skips()
    divides.override(task_id="divides_well")(4)


venv_outcomes()
