"""Two tasks need two versions of the same library: the reason why people isolate tasks."""

import pendulum

from airflow.sdk import dag, task


@dag(
    dag_id="two_versions",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    tags=["corpus"],
)
def compare():
    @task.virtualenv(requirements=["humanize==3.14.0"], system_site_packages=False)
    def with_old(numbers: list[int]):
        # This release says 0 where the next one says zero.
        import humanize

        words = [humanize.apnumber(number) for number in numbers]
        print("humanize", humanize.__version__, "says", words)
        return words

    @task.virtualenv(requirements=["humanize==4.9.0"], system_site_packages=False)
    def with_new(numbers: list[int]):
        import humanize

        words = [humanize.apnumber(number) for number in numbers]
        print("humanize", humanize.__version__, "says", words)
        return words

    @task
    def difference(old: list[str], new: list[str]):
        changed = [pair for pair in zip(old, new) if pair[0] != pair[1]]
        print("only these differ:", changed)
        return [list(pair) for pair in changed]

    numbers = [0, 7, 12]
    difference(with_old(numbers), with_new(numbers))


compare()
