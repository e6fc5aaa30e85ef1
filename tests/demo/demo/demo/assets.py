"""A Dag whose asset event starts another Dag."""

from __future__ import annotations

from dagfloe import Asset, Client, Context
from demo.base import START, bundle

ORDERS = Asset("e2e_orders", "s3://e2e/orders")
producer = bundle.dag("producer", start_date=START)
consumer = bundle.dag("consumer", schedule=[ORDERS], start_date=START)


@producer.task(outlets=[ORDERS])
def publish(client: Client) -> None:
    client.outlet_events[ORDERS].extra = {"rows": 2}


@consumer.task(inlets=[ORDERS])
def read(client: Client, context: Context) -> dict[str, object]:
    return {
        "triggered by": {asset.name: len(events) for asset, events in context.triggering_asset_events.items()},
        "rows": [event.extra["rows"] for event in client.assets.events(ORDERS)],
    }
