"""The shapes of tasks that `dagfloe adopt --all` moves. Airflow must see the same Dags before and after."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta, timezone
from pathlib import Path

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator, PythonVirtualenvOperator
from airflow.sdk import DAG, Label, dag, task, task_group

log = logging.getLogger(__name__)
LIMITS = {"small": 1, "large": 2}
START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def scaled(rows, factor=LIMITS["large"]):
    """A helper."""
    return [row * factor for row in rows]


def classic(first, second=2, **context):
    """Not the documentation of a task."""
    return json.dumps([first, second, context["ds"]])


with DAG(
    dag_id=Path(__file__).stem,
    schedule="@daily",
    start_date=START,
    default_args={"retries": 2, "execution_timeout": timedelta(minutes=5)},
) as shapes:

    @task.virtualenv(
        requirements=["iniconfig==2.0.0"],  # a comment
        system_site_packages=False,
        retries=1,
        pool="default_pool",
    )  # fmt: skip
    def isolated(limit: int, when: datetime | None = None) -> dict[str, int]:
        """Count the rows.

        In two lines.
        """
        # a comment before the work
        import iniconfig

        print(iniconfig.__name__)
        return {"rows": limit}
        # a comment at the end

    @task(trigger_rule="all_done")
    async def report(rows, nested, *, ds=None, **context):
        log.info("%s", scaled([rows]))
        return nested

    counted = isolated(3, when=datetime(2026, 1, 2))  # noqa: DTZ001 - as people write it
    reported = report(counted["rows"], {"all": [counted, 1]})

    for size, limit in LIMITS.items():
        made = isolated.override(task_id=f"isolated_{size}")(limit)
        reported >> Label(size) >> made

    @task
    def names() -> list[str]:
        return ["a", "b"]

    @task
    def greet(name, greeting="Hello"):
        return f"{greeting} {name}"

    greeted = greet.partial(greeting="Hi").expand(name=names())
    end = EmptyOperator(task_id="end")
    greeted >> end

    @task_group
    def work(rows):
        @task.virtualenv(requirements=["iniconfig==2.0.0"])
        def inner(value):
            return value

        return inner(inner(rows))

    work(reported) >> end

    operator = PythonVirtualenvOperator(
        task_id="operator",
        python_callable=classic,
        op_args=[counted],
        op_kwargs={"second": 3},
        requirements=["iniconfig==2.0.0"],
        doc_md="As an operator.",
    )
    last = PythonOperator(task_id="last", python_callable=classic, op_kwargs=dict(first=operator.output))
    end >> [operator, last]


@dag(schedule=None, start_date=START)
def second(size: int = 1):
    @task.branch
    def choose(value):
        return "left" if value > 1 else "right"

    @task(task_id="left")
    def to_the_left(): ...

    right = EmptyOperator(task_id="right")
    choose(size) >> [to_the_left(), right] >> EmptyOperator(task_id="join", trigger_rule="one_success")


second()
