"""Converts the orders of a day to euros: a mapped task looks up exchange rates, and a person approves large totals."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from dagfloe import Asset, Bundle, Client, Context, TaskDeferred, TaskSkipped
from dagfloe.client.human_input import HumanAnswer

ORDERS = [
    {"id": "1", "amount": "120.00", "currency": "EUR"},
    {"id": "2", "amount": "80.50", "currency": "USD"},
    {"id": "3", "amount": "9000", "currency": "JPY"},
    {"id": "4", "amount": "45.00", "currency": "USD"},
    {"id": "5", "amount": "1210.00", "currency": "EUR"},
]
RATES = {"EUR": "1", "JPY": "0.0062", "USD": "0.92"}
TOTALS = Asset("order_totals", "file:///data/order_totals.json")

log = logging.getLogger(__name__)
bundle = Bundle()
dag = bundle.dag(
    "orders",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    tags=["example"],
    params={"limit": 1000},
    default_args={"owner": "data"},
)


@dag.task
def extract() -> list[dict[str, str]]:
    """Read the orders of the day."""
    log.info("%d orders", len(ORDERS))
    return ORDERS


with dag.group("prices"):

    @dag.task
    def currencies(orders: list[dict[str, str]]) -> list[str]:
        """List the currencies of the orders."""
        return sorted({order["currency"] for order in orders})

    @dag.task(retries=2, retry_delay=timedelta(seconds=30))
    def rate(currency: str, context: Context, client: Client) -> list[str]:
        """Look up the rate of one currency. The first try for yen always fails."""
        client.task_instances.set_rendered_map_index(currency)
        if currency == "JPY" and context.try_number == 1:
            raise TimeoutError("the exchange did not answer")
        return [currency, RATES[currency]]


@dag.task
def convert(orders: list[dict[str, str]], rates: list[list[str]]) -> float:
    """Add up all orders in euros."""
    by_currency = {currency: Decimal(rate) for currency, rate in rates}
    total = sum(Decimal(order["amount"]) * by_currency[order["currency"]] for order in orders)
    log.info("%s euros in total", total)
    return float(total)


@dag.branch
def is_large(total: float, context: Context) -> str:
    """Choose the branch: a person must approve a total above the limit."""
    return "approve" if total > context.params["limit"] else "wait_for_closing"


@dag.task
def approve(total: float, client: Client) -> None:
    """Ask a person whether to publish the total."""
    client.human_input.ask(f"Publish {total:.2f} euros?", ["yes", "no"], defaults=["no"], resume=approved)


@approve.resume
def approved(event: HumanAnswer) -> str:
    """Resume after the answer."""
    if event.chosen_options != ("yes",):
        raise TaskSkipped("nobody said yes")
    return "approved"


@dag.task
def wait_for_closing() -> None:
    """Wait for ten minutes without occupying a worker."""
    trigger = "airflow.providers.standard.triggers.temporal.TimeDeltaTrigger"
    raise TaskDeferred(trigger, {"delta": timedelta(minutes=10)}, resume=closed)


@wait_for_closing.resume
def closed() -> None:
    """Resume after the wait."""
    log.info("the day is over")


@dag.task(trigger_rule="none_failed_min_one_success", outlets=[TOTALS])
def publish(client: Client) -> dict[str, float]:
    """Publish the total after either branch.

    The task reads the total from an XCom: an argument would make `convert` an upstream task, like the two branches.
    """
    total = client.xcom.get("convert")
    client.outlet_events[TOTALS].extra["euros"] = total
    return {"euros": total}


@dag.task(trigger_rule="all_done")
def tell(client: Client, context: Context) -> None:
    """Log the states of all tasks, whether they succeeded or not."""
    states = client.task_instances.states(run_ids=[context.run_id])[context.run_id]
    ended = sorted({str(state) for state in states.values()} - {"running"})
    log.info("%d task instances in %s", len(states), ", ".join(ended))


with dag:
    orders = extract()
    total = convert(orders, rate.expand(currency=currencies(orders)))
    choice = is_large(total)
    choice >> approve(total) >> (published := publish())
    choice >> wait_for_closing() >> published >> tell()
