"""One function, several tasks: the same call again, and .override with an id and options."""

from datetime import timedelta

import pendulum

from airflow.sdk import dag, task


@task.virtualenv(requirements=["humanize==4.9.0"], system_site_packages=False)
def size_of(number, binary=False):
    """Say a number of bytes as people do."""
    import humanize

    text = humanize.naturalsize(number, binary=binary)
    print(text)
    return text


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def overrides():
    first = size_of(1500)
    second = size_of(1536, binary=True)
    third = size_of.override(task_id="large", retries=2, retry_delay=timedelta(seconds=1), priority_weight=5)(10**9)

    @task(task_id="together")
    def join(*texts):
        print(" / ".join(texts))

    join(first, second, third)


overrides()
