"""The Dag file: ordinary tasks that make values and check what the tasks of the bundle return."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import uuid
from decimal import Decimal

import attr
from airflow.sdk import DAG, task
from pydantic import BaseModel, Field
from random_values import COUNT, SEED, Values, difference


@dataclasses.dataclass
class Row:
    price: Decimal
    tags: frozenset


@dataclasses.dataclass
class Purchase:
    number: uuid.UUID
    at: dt.datetime
    lines: list


class Film(BaseModel):
    title: str
    seen: dt.datetime
    length: dt.timedelta = Field(alias="len")
    genres: set[str]


@attr.define
class Piece:
    name: str
    line: Row
    size: tuple = (3, 4)


def purchase(number: int) -> Purchase:
    at = dt.datetime(2026, 7, 1, 12, 30, 15, 250000, dt.timezone.utc)
    lines = [Row(Decimal("1.25"), frozenset("ab")), Row(Decimal("2.5"), frozenset())]
    return Purchase(uuid.UUID(int=number), at, lines)


FILM = {
    "title": "M",
    "seen": dt.datetime(1931, 5, 11, tzinfo=dt.timezone.utc),
    "len": dt.timedelta(minutes=99),
    "genres": {"crime"},
}


def fields_of(order: dict) -> Purchase:
    """The purchase whose fields a task of the bundle sent."""
    assert order.pop("total") == Decimal("3.75")
    return Purchase(**{**order, "lines": [Row(**line) for line in order["lines"]]})


with DAG("values", schedule=None):

    @task
    def produce():
        return Values(SEED, is_bundle=False).many(COUNT)

    @task
    def check(value):
        problem = difference(Values(SEED, is_bundle=False).many(COUNT), value)
        assert problem is None, problem
        return len(value)

    @task
    def check_rich(value):
        problem = difference(Values(SEED + 1, is_bundle=True).many(COUNT), value)
        assert problem is None, problem
        return len(value)

    @task
    def make_order():
        return purchase(7)

    @task
    def make_objects():
        return {
            "order": purchase(1),
            "movie": Film(**FILM),
            "part": Piece("p", Row(Decimal(1), frozenset())),
            "orders": [purchase(2), purchase(3)],
            "point": (1, 2),
        }

    @task
    def check_objects(value):
        assert fields_of(value["order"]) == purchase(1)
        assert list(map(fields_of, value["orders"])) == [purchase(2), purchase(3)]
        assert Film.model_validate(value["movie"], by_name=True) == Film(**FILM)
        line = value["part"].pop("line")
        assert Row(**line) == Row(Decimal(1), frozenset())
        assert value["part"] == {"name": "p", "size": (3, 4), "_secret": 0}
        assert value["point"] == (1, 2)
        assert value["colour"] == "red"

    @task
    def check_blob(value):
        assert base64.b64decode(value) == bytes(range(256))

    @task
    def check_outputs(at, pair, line):
        assert (at, pair) == (dt.datetime(2026, 7, 1, tzinfo=dt.timezone.utc), (1, {2}))
        assert line == {"price": Decimal("1.50"), "tags": frozenset("a")}
        assert str(line["price"]) == "1.50"

    @task
    def squares(number):
        return number, Decimal(number)

    @task
    def check_gathered(values):
        assert values == [(number, Decimal(number)) for number in range(3)]

    @task.stub(queue="dagfloe")
    def echo(): ...

    @task.stub(queue="dagfloe")
    def rich(): ...

    @task.stub(queue="dagfloe")
    def objects(): ...

    @task.stub(queue="dagfloe")
    def fields(): ...

    @task.stub(queue="dagfloe")
    def unknown(): ...

    @task.stub(queue="dagfloe")
    def asks(): ...

    @task.stub(queue="dagfloe")
    def blob(): ...

    @task.stub(queue="dagfloe")
    def blob_again(): ...

    @task.stub(queue="dagfloe")
    def outputs(): ...

    @task.stub(queue="dagfloe")
    def gather(): ...

    echoed = echo()
    produce() >> echoed
    check(echoed)
    check_rich(rich())
    made, ordered, returned = make_objects(), make_order(), objects()
    made >> [returned, unknown(), asks()]
    check_objects(returned)
    [ordered, returned] >> fields()
    data = blob()
    data >> blob_again()
    check_blob(data)
    several = outputs()
    check_outputs(several["at"], several["pair"], several["line"])
    gathered = gather()
    squares.expand(number=[0, 1, 2]) >> gathered
    check_gathered(gathered)
