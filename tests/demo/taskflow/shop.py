"""A Dag file of Airflow, except for its imports: `tests/airflow` runs it with Airflow's own, too."""

from __future__ import annotations

from datetime import datetime, timezone

from dagfloe import Bundle, chain, cross_downstream, task, task_group

bundle = Bundle()
dag = bundle.dag


@task
def announce(name: str) -> str:
    return f"start of {name}"


@task(retries=3)
def double(number: int) -> int:
    """Double a number.

    The retries are for the tests.
    """
    return 2 * number


@dag(
    "shop",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    tags=["demo"],
    default_args={"retries": 1, "owner": "shop"},
)
def shop(table: str = "orders", limit: int = 2) -> None:
    """Count the orders of all shops.

    A shop without orders counts, too.
    """
    unit = "rows"

    @task
    def list_shops(limit: int) -> list[str]:
        return ["north", "south", "west"][:limit]

    @task
    def count(shop: str, table: str) -> int:
        return len(shop) + len(table)

    @task
    def add(counts: list[int]) -> dict[str, int]:
        return {"total": sum(counts), "shops": len(counts)}

    @task.branch
    def choose(total: int) -> str:
        return "large.twice" if total > 10 else "small"

    @task
    def small(total: int) -> str:
        return f"{total} {unit}"

    @task_group
    def large(total: int) -> None:
        @task(task_id="twice")
        def two_times(total: int) -> int:
            return 2 * total

        double(two_times(total))

    @task(trigger_rule="none_failed_min_one_success")
    def done() -> str:
        return "done"

    @task.short_circuit
    def is_needed() -> bool:
        return False

    @task
    def archive() -> None: ...

    totals = add(count.partial(table=table).expand(shop=list_shops(limit)))
    choice = choose(totals["total"])
    end = done()
    chain(announce(table), choice, [small(totals["total"]), large(totals["total"])], end)
    cross_downstream([is_needed()], [archive(), announce.override(task_id="cleanup", retries=0)("cleanup")])
    end >> double(21)
    double.override(task_id="double")(4)


shop()
