"""A branch decides which isolated task runs, and both ways meet again."""

import pendulum

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Label, TriggerRule, dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def branching():
    @task
    def count_rows() -> int:
        return 120

    @task.branch
    def choose(rows: int) -> str:
        print(f"{rows} rows")
        return "large" if rows > 100 else "small"

    @task.virtualenv(task_id="small", requirements=["humanize==4.9.0"], system_site_packages=False)
    def load_small():
        print("all at once")

    @task.virtualenv(task_id="large", requirements=["humanize==4.9.0"], system_site_packages=False)
    def load_large(rows: int, batch: int = 50):
        import humanize

        batches = -(-rows // batch)
        print(humanize.intcomma(rows * 1000), "bytes in", humanize.apnumber(batches), "batches")
        return batches

    rows = count_rows()
    way = choose(rows)
    small, large = load_small(), load_large(rows)
    join = EmptyOperator(task_id="join", trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)

    way >> Label("few rows") >> small >> join
    way >> Label("many rows") >> large >> join


branching()
