"""Dags that start after events of assets: of any of two, and of both."""

from __future__ import annotations

from dagfloe import Asset, Client, Context
from native34.base import START, bundle

ORDERS = Asset("native_orders", "s3://native/orders")
PRICES = Asset("native_prices", "s3://native/prices")
NEVER = Asset("native_never", "s3://native/never")

producer = bundle.dag("native_producer", start_date=START)
any_of_two = bundle.dag("native_any", schedule=ORDERS | NEVER, start_date=START)
both = bundle.dag("native_both", schedule=ORDERS & PRICES, start_date=START)


@producer.task(outlets=[ORDERS])
def publish_orders(client: Client) -> None:
    client.outlet_events[ORDERS].extra = {"rows": 2}


@producer.task(outlets=[PRICES])
def publish_prices(client: Client) -> None:
    client.outlet_events[PRICES].extra = {"rows": 3}


def read(client: Client, context: Context) -> dict[str, object]:
    """Read the events that started the run, and all events of an inlet."""
    return {
        "triggered by": {asset.name: len(events) for asset, events in context.triggering_asset_events.items()},
        "orders": [event.extra["rows"] for event in client.assets.events(ORDERS)],
    }


any_of_two.task(inlets=[ORDERS])(read)
both.task(inlets=[ORDERS, PRICES])(read)

with producer:
    publish_orders() >> publish_prices()
