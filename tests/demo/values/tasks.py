"""Tasks that exchange values with ordinary tasks of Airflow, whose Dag file is airflow_dag.py."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import attrs
from pydantic import BaseModel, ConfigDict, Field
from random_values import COUNT, SEED, Values, difference

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("values")


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Line:
    price: Decimal
    tags: frozenset[str]


@dataclass
class Order:
    number: uuid.UUID
    at: dt.datetime
    lines: list[Line]
    total: Decimal = field(init=False)

    def __post_init__(self) -> None:
        self.total = sum((line.price for line in self.lines), Decimal(0))


class Movie(BaseModel):
    model_config = ConfigDict(strict=False)

    title: str
    seen: dt.datetime
    length: dt.timedelta = Field(alias="len")
    genres: set[str]


@attrs.define
class Part:
    name: str
    line: Line
    size: tuple[int, int] = (0, 0)
    _secret: int = 0


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Objects:
    order: Order
    movie: Movie
    part: Part
    orders: list[Order]
    point: Point


@dag.task
def echo(value):
    """Return the values of an ordinary task, which must have arrived unchanged."""
    problem = difference(Values(SEED, is_bundle=False).many(COUNT), value)
    if problem:
        raise AssertionError(problem)
    return value


@dag.task
def rich() -> list[object]:
    """Return values that only a bundle encodes without a loss."""
    return Values(SEED + 1, is_bundle=True).many(COUNT)


@dag.task(multiple_outputs=True)
def objects(value: Objects) -> dict[str, object]:
    """Return instances of the bundle's classes, made from those of the Dag file."""
    assert value.order.total == Decimal("3.75")
    return {
        "order": value.order,
        "movie": value.movie,
        "part": value.part,
        "orders": value.orders,
        "point": value.point,
        "colour": Colour.RED,
    }


@dag.task
def fields(value: dict[str, Any], order: Order) -> object:
    """Return the fields of an instance of a class of the Dag file, and of one of the bundle."""
    return [value["number"], order.number]


@dag.task
def unknown(value):
    """Fail: no annotation says which class the instances need."""
    return "reached"


@dag.task
def asks(client: Client) -> str:
    """Ask for an instance of a class of the Dag file."""
    client.get_xcom("make_objects")
    return "reached"


@dag.task
def blob() -> bytes:
    return bytes(range(256))


@dag.task
def blob_again(value: bytes) -> int:
    assert value == bytes(range(256))
    return len(value)


@dag.task(multiple_outputs=True)
def outputs() -> dict[str, object]:
    moment = dt.datetime(2026, 7, 1, tzinfo=dt.timezone.utc)
    return {"at": moment, "pair": (1, {2}), "line": Line(Decimal("1.50"), frozenset("a"))}


@dag.task
def gather(values: Sequence[object], again: list[tuple[int, Decimal]]) -> list[object]:
    """Return what a mapped ordinary task returned."""
    assert list(values) == again == [(number, Decimal(number)) for number in range(3)]
    return values


with dag:
    echo(dag.xcom("produce"))
    rich()
    objects(dag.xcom("make_objects"))
    fields(dag.xcom("make_order"), dag.xcom("objects", "order"))
    unknown(dag.xcom("make_objects"))
    asks()
    blob_again(blob())
    outputs()
    squares = dag.xcom("squares", is_mapped=True)
    gather(squares, squares)
