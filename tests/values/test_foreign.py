"""Values of classes that only the task which pushed them has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import attrs
import pytest
from pydantic import BaseModel

from dagfloe.values.convert import convert
from dagfloe.values.foreign import cure_for, find_foreign, plain_data
from dagfloe.values.hints import Mismatch
from dagfloe.values.jsonable import ForeignValue
from dagfloe.values.serde import decode, encode

NOON = dt.datetime(2026, 7, 1, 12, tzinfo=dt.timezone.utc)


@dataclass
class Line:
    """A dataclass."""

    price: int


@dataclass
class Order:
    """A dataclass with another one."""

    at: dt.datetime
    lines: list[Line]


@attrs.define
class Part:
    """A class of attrs."""

    line: Line


class Model(BaseModel):
    """A model."""

    at: dt.datetime
    lines: list[dict[str, int]]


class Fields(TypedDict):
    """A TypedDict."""

    price: int


TYPES: dict[str, Any] = {cls.__name__: cls for cls in (Line, Order, Part, Model, Fields, Mapping)} | {"Any": Any}


def form(name: str, data: object, version: int = 0) -> dict[str, object]:
    return {"__classname__": name, "__version__": version, "__data__": data}


def line(price: int) -> dict[str, object]:
    return form("shop.Row", {"price": price})


ORDER = form("unusual_prefix_" + 40 * "a" + "_shop.Purchase", {"at": encode(NOON), "lines": [line(1), {"price": 2}]})


def fit(form_: object, annotation: str) -> Any:
    return convert(decode(form_, []), annotation, lambda source: eval(source, TYPES))  # noqa: S307 - our own


@pytest.mark.parametrize(
    ("form_", "annotation", "expected"),
    [
        (ORDER, "Order", Order(NOON, [Line(1), Line(2)])),
        (ORDER, "Order | None", Order(NOON, [Line(1), Line(2)])),
        (ORDER, "None | int | Order", Order(NOON, [Line(1), Line(2)])),
        (ORDER, "Model", Model(at=NOON, lines=[{"price": 1}, {"price": 2}])),
        ([{"order": ORDER}], "list[dict[str, Order]]", [{"order": Order(NOON, [Line(1), Line(2)])}]),
        ({"at": NOON.isoformat(), "lines": [line(1)]}, "Model", Model(at=NOON, lines=[{"price": 1}])),
        (form("shop.Piece", {"line": line(3)}), "Part", Part(Line(3))),
        (line(4), "dict", {"price": 4}),
        (line(4), "dict[str, int]", {"price": 4}),
        (line(4), "Mapping[str, int]", {"price": 4}),
        (line(4), "Fields", {"price": 4}),
        (form("shop.Model", {"at": "2026-07-01T12:00:00Z", "lines": []}, 1), "Model", Model(at=NOON, lines=[])),
        (form("shop.Money", "1.5"), "str", "1.5"),
        (encode((1,)), "tuple[int]", (1,)),
    ],
)
def test_annotations_say_what_arrives(form_: object, annotation: str, expected: object) -> None:
    """The fields of an instance become an instance of the annotated class, whatever its name is."""
    assert fit(form_, annotation) == expected


@pytest.mark.parametrize(
    ("form_", "annotation", "message"),
    [
        (line(4), "int", "$: expected int, got shop.Row (dict)"),
        (line(4), "Order", "$.price: expected a field of Order, got an unknown key"),
        ([line(4)], "list[str]", "$[0]: expected str, got shop.Row (dict)"),
        (form("shop.Row", {"price": "secret"}), "Line", "$.price: expected int, got str"),
        (form("pandas.DataFrame", "secret", 1), "str", "$: expected str, got pandas.DataFrame"),
        (form("decimal.Decimal", "secret", 1), "int", "$: expected int, got decimal.Decimal"),
        (form("datetime.date", 5, 3), "int", "$: expected int, got datetime.date"),
    ],
)
def test_mismatches_name_the_class(form_: object, annotation: str, message: str) -> None:
    """If the fields do not fit, the error names Airflow's class and shows no value."""
    with pytest.raises(Mismatch) as caught:
        fit(form_, annotation)
    assert str(caught.value) == message


@pytest.mark.parametrize("annotation", ["object", "Any", "Unknown", "list", "list[Any]", "dict[str, Any] | list"])
def test_open_annotations_leave_them(annotation: str) -> None:
    """Where an annotation accepts everything, the value stays foreign; the caller finds it."""
    value = fit([{"order": ORDER}], annotation)
    path, found = find_foreign(value) or ("", None)
    assert (path, getattr(found, "name", None)) == ("$[0].order", "shop.Purchase")


def test_they_are_found_everywhere() -> None:
    """The search goes through lists, tuples, sets and dicts, and finds nothing in values without them."""
    foreign: list[ForeignValue] = []
    for value, path in (
        (encode(([1],))["__data__"] and form("builtins.tuple", [1, line(1)], 1), "$[1]"),
        (form("builtins.set", [line(1)], 1), "$[0]"),
        ({"a b": [{}, line(1)]}, "$['a b'][1]"),
        (line(1), "$"),
    ):
        found = find_foreign(decode(value, foreign))
        assert found is not None
        assert (found[0], found[1].name) == (path, "shop.Row")
    assert len(foreign) == 4
    assert find_foreign([1, {"a": (2,)}]) is None


def test_without_a_list_forms_stay() -> None:
    """Whoever does not ask for foreign values gets the forms."""
    assert decode(ORDER) is ORDER


def test_what_airflow_does_not_write_stays() -> None:
    """A dict that only looks like a form is a dict."""
    foreign: list[ForeignValue] = []
    for value in ({"__classname__": "x"}, {"__classname__": 5, "__version__": 1}, {"__type": "DAG", "__var": {}}):
        assert decode(value, foreign) is value
    assert foreign == []


@pytest.mark.parametrize("name", ["rm -rf", "", "a" * 300, "a..b", "5"])
def test_odd_names_are_not_shown(name: str) -> None:
    """A name that is not the name of a class may be a secret."""
    foreign: list[ForeignValue] = []
    decode(form(name, {}), foreign)
    assert [value.name for value in foreign] == ["a class without a name"]


def test_plain_data() -> None:
    """The data replace the values, at every level, except for those that nothing can read."""
    unreadable = ForeignValue("pandas.DataFrame", "00", is_readable=False)
    value = ForeignValue("a.B", {"c": [ForeignValue("a.C", 5, is_readable=True)], "d": unreadable}, is_readable=True)
    assert plain_data([value, (1,)]) == [{"c": [5], "d": unreadable}, (1,)]


def test_cures() -> None:
    """The cure depends on what the bundle can do."""
    readable = ForeignValue("a.B", {}, is_readable=True)
    assert "annotate the parameter" in cure_for(readable)
    assert cure_for(ForeignValue("datetime.date", 5, is_readable=False)).startswith("let the task")
    assert "add pandas and pyarrow" in cure_for(ForeignValue("pandas.DataFrame", "", is_readable=False))
