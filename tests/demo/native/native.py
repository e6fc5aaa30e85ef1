"""Dags for the rows of the conformance page about Dags that Airflow reads from the bundle file itself."""

from __future__ import annotations

from datetime import datetime, timezone

from dagfloe import Asset, Bundle, Client, Context, Param

bundle = Bundle()
START = datetime(2026, 1, 1, tzinfo=timezone.utc)


# Arguments, params and groups

orders = bundle.dag(
    "native_orders",
    schedule="@daily",
    start_date=START,
    tags=["demo"],
    description="Counts orders",
    params={"limit": Param(2, type="integer", minimum=1, description="how many orders"), "region": "north"},
)


@orders.task
def extract(context: Context) -> list[int]:
    return [1, 2, 3][: context.params["limit"]]


@orders.task(retries=1)
def scale(rows: list[int], factor: int) -> list[int]:
    return [row * factor for row in rows]


with orders.group("store", tooltip="Files"):
    with orders.group("files"):

        @orders.task
        def write(rows: list[int], context: Context) -> str:
            return f"{context.params['region']}: {sum(rows)}"

    @orders.task
    def check() -> None: ...


with orders:
    write(scale(extract(), 10)) >> check()


# Branches

choices = bundle.dag("native_choices")


@choices.branch
def chooses() -> str:
    return "left"


@choices.task
def left() -> None: ...


@choices.task
def right() -> None: ...


@choices.task(trigger_rule="none_failed_min_one_success")
def joins() -> None: ...


with choices:
    chooses() >> [left(), right()] >> joins()


# Mapped tasks

mapped = bundle.dag("native_mapped")


@mapped.task
def lists() -> list[str]:
    return ["a", "b"]


@mapped.task
def over_a_list(size: int) -> int:
    return size * 2


@mapped.task
def over_an_xcom(name: str, *, times: int) -> str:
    return name * times


with mapped:
    over_a_list.expand(size=[1, 2, 3])
    over_an_xcom.partial(times=2).expand(name=lists())


# Assets

SALES = Asset("native-sales", "s3://bucket/native/sales", group="shop", extra={"owner": "ann"})
STOCK = Asset("native-stock", "s3://bucket/native/stock")
producer = bundle.dag("native_producer", is_paused_upon_creation=False)


@producer.task(inlets=[STOCK], outlets=[SALES])
def sells(client: Client) -> None:
    client.outlet_events[SALES].extra["rows"] = 3


either = bundle.dag("native_any", schedule=SALES | STOCK, is_paused_upon_creation=False)
both = bundle.dag("native_all", schedule=SALES & STOCK, is_paused_upon_creation=False)


@either.task
def reads() -> None: ...


@both.task
def reads_both() -> None: ...
