"""Conversion of JSON values to an author's classes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import typing
from dataclasses import InitVar, dataclass, field
from typing import Any, ClassVar, Generic, NamedTuple, TypedDict, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import NotRequired, Required

from dagfloe.values.convert import convert
from dagfloe.values.hints import Mismatch
from support.strategies import int64, json_values, text

T = TypeVar("T")


class Colour(enum.Enum):
    """An enum with strings and numbers."""

    RED = "red"
    ONE = 1


class Size(enum.IntEnum):
    """An enum with numbers."""

    SMALL = 1


class Loose(str, enum.Enum):
    """An enum with its own lookup of members, which may raise."""

    A = "a"

    @classmethod
    def _missing_(cls, value: object) -> Loose:
        if value == "A":
            return cls.A
        raise RuntimeError(f"no such {value}")


@dataclass
class Point:
    """A dataclass with numbers."""

    x: float
    y: float = 0.0


@dataclass(frozen=True)
class Order:
    """A dataclass with fields of many types."""

    name: str
    lines: list[Line]
    colour: Colour = Colour.RED
    at: Point | None = None
    tags: tuple[str, ...] = field(default_factory=tuple)
    total: int = field(init=False, default=0)
    kind: ClassVar[str] = "order"


@dataclass
class Line:
    """A dataclass that another class refers to before its definition."""

    price: float
    then: Line | None = None


@dataclass
class Seeded:
    """A dataclass with an argument that is not a field."""

    a: int
    seed: InitVar[int] = 0


@dataclass
class Even:
    """A dataclass that rejects some values."""

    n: int

    def __post_init__(self) -> None:
        if self.n % 2:
            raise ValueError(f"{self.n} is odd")


@dataclass
class Box(Generic[T]):
    """A generic dataclass."""

    content: T
    unknown: Unknown = None  # type: ignore[name-defined]  # noqa: F821 - a name for checkers only


@dataclass
class Payment:
    """A dataclass with a method whose name dagfloe uses, too."""

    amount: int

    @classmethod
    def from_event(cls, event: object) -> Payment:
        """Read an author's event."""
        raise LookupError(event)


class Movie(TypedDict):
    """A TypedDict with a required key and an optional key."""

    title: str
    year: NotRequired[int]


class Cut(Movie, total=False):
    """A TypedDict with more keys."""

    minutes: typing.Annotated[Required[float], "minutes"]
    director: str


class Pair(NamedTuple):
    """A named tuple."""

    left: int
    right: Line | None = None


class Pairs(Pair):
    """A subclass of a named tuple without new fields."""


class Refused(Exception):
    """An error like those of validating models, with the value in its message."""

    def errors(self) -> list[dict[str, Any]]:
        """The location and the type."""
        return [{"loc": ("rows", 1, "price", "float"), "type": "float_type", "input": "secret"}]


class Model:
    """A class that validates values itself."""

    def __init__(self, value: object) -> None:
        self.value = value

    @classmethod
    def model_validate(cls, value: Any) -> Model:
        """Accept lists."""
        if value == "crash":
            raise ZeroDivisionError(value)
        if isinstance(value, dict):
            raise Refused(f"secret {value}")
        return cls(value)


@typing.runtime_checkable
class Sized(typing.Protocol):
    """A protocol with runtime_checkable."""

    def __len__(self) -> int:
        """The length."""


class Lazy:
    """A lazy sequence."""

    is_lazy_sequence = True

    def __getitem__(self, index: slice) -> list[Any]:
        return [1, None][index]


def resolve(source: str) -> object:
    """Evaluate an annotation in this module."""
    return eval(source, globals())  # noqa: S307 - the annotations below


def fit(value: object, annotation: object) -> object:
    return convert(value, annotation, resolve)


points = st.builds(Point, st.floats(allow_nan=False), st.floats(allow_nan=False))
lines: st.SearchStrategy[Line] = st.builds(
    Line, st.floats(allow_nan=False), st.none() | st.builds(Line, st.floats(allow_nan=False))
)
orders = st.builds(
    Order,
    text,
    st.lists(lines, max_size=3),
    st.sampled_from(Colour),
    st.none() | points,
    st.lists(text, max_size=3).map(tuple),
)


def as_json(value: Any) -> Any:
    """An instance as JSON: a dict of its init fields."""
    if dataclasses.is_dataclass(value):
        return {item.name: as_json(getattr(value, item.name)) for item in dataclasses.fields(value) if item.init}
    if isinstance(value, enum.Enum):
        return value.value
    return [as_json(item) for item in value] if isinstance(value, (list, tuple)) else value


@given(st.lists(orders, max_size=3))
def test_dataclasses_are_created_from_dicts(values: list[Order]) -> None:
    """A dict becomes an instance, and so do the dicts inside it."""
    assert fit([as_json(value) for value in values], "list[Order]") == values


@given(orders, st.data())
def test_path_of_a_bad_field(value: Order, data: st.DataObject) -> None:
    """The path leads to the bad field."""
    raw = as_json(value)
    name = data.draw(st.sampled_from(sorted(raw)))
    raw[name] = b"secret"
    with pytest.raises(Mismatch) as caught:
        fit([raw], "list[Order]")
    assert caught.value.path == f"$[0].{name}"
    assert caught.value.actual == "bytes"


@given(json_values, st.sampled_from(["Order", "Movie", "Cut", "Pair", "Colour", "Size", "Box[int]", "Seeded", "Even"]))
def test_any_json_value_fits_a_class_or_is_a_mismatch(value: Any, annotation: str) -> None:
    """The only possible exception is `Mismatch`."""
    try:
        fit(value, annotation)
    except Mismatch as mismatch:
        refusal = mismatch
    else:
        return
    assert refusal.path.startswith("$")
    assert refusal.__context__ is None or isinstance(refusal.__context__, Mismatch)


@given(st.builds(dict, title=text, year=int64))
def test_typed_dicts_stay_dicts(value: dict[str, Any]) -> None:
    """A dict with the keys of a `TypedDict` does not change."""
    assert fit(value, "Movie") == value


@pytest.mark.parametrize(
    ("value", "annotation", "result"),
    [
        ("red", "Colour", Colour.RED),
        (1, "Colour", Colour.ONE),
        (1, "Size", Size.SMALL),
        ("A", "Loose", Loose.A),
        (Colour.RED, "Colour", Colour.RED),
        ("red", "Colour | str", Colour.RED),
        ("red", "str | Colour", "red"),
        ("red", "typing.Literal[Colour.RED]", Colour.RED),
        ({"red": 1}, "dict[Colour, Size]", {Colour.RED: Size.SMALL}),
        ({"x": 1}, "Point", Point(1.0, 0.0)),
        ({"x": 1}, "Point | dict[str, int]", {"x": 1}),
        ({"x": 1.5}, "dict[str, float] | Point", {"x": 1.5}),
        (Point(1, 2), "Point", Point(1, 2)),
        ({"content": "x", "unknown": [1]}, "Box[int]", Box("x", [1])),
        ({"a": 1}, "Seeded", Seeded(1)),
        ({"amount": 1}, "Payment", Payment(1)),
        ({"title": "M"}, "Movie", {"title": "M"}),
        ({"title": "M", "minutes": 90}, "Cut", {"title": "M", "minutes": 90.0}),
        ([1], "Pair", Pair(1)),
        ([1, {"price": 2}], "Pair", Pair(1, Line(2.0))),
        ({"left": 1, "right": None}, "Pair", Pair(1)),
        ([1], "Pairs", Pairs(1)),
        (Lazy(), "Pair", Pair(1, None)),
        (dt.date(2026, 1, 1), "dt.date", dt.date(2026, 1, 1)),
        ("abc", "Sized", "abc"),
    ],
)
def test_conversions(value: object, annotation: str, result: object) -> None:
    """Values become enum members, dicts and lists become instances; an instance does not change."""
    converted = fit(value, annotation)
    assert converted == result
    assert type(converted) is type(result)


@pytest.mark.parametrize(
    ("value", "annotation", "message"),
    [
        ("blue", "Colour", "$: expected Colour, got str"),
        (True, "Colour", "$: expected Colour, got bool"),
        (1.0, "Size", "$: expected Size, got float"),
        ([1], "Colour | None", "$: expected Colour | None, got list"),
        ("b", "Loose", "$: expected Loose, got str"),
        ("x", "enum.Enum", "$: expected Enum, got str"),
        ({"x": "a"}, "list[Point] | Point", "$.x: expected float, got str"),
        ({}, "Point", "$.x: expected float, got nothing"),
        ({"x": 1, "z": 1}, "Point", "$.z: expected a field of Point, got an unknown key"),
        ([1, 2], "Point", "$: expected Point, got list"),
        ({"name": "n", "lines": [], "kind": "x"}, "Order", "$.kind: expected a field of Order, got an unknown key"),
        (
            {"name": "n", "lines": [{"price": 1, "then": {"price": "x"}}]},
            "Order",
            "$.lines[0].then.price: expected float, got str",
        ),
        ({"a": 1, "seed": 2}, "Seeded", "$.seed: expected a field of Seeded, got an unknown key"),
        ([{"n": 3}], "list[Even]", "$[0]: expected Even, got a value that it rejects (ValueError)"),
        ({}, "Movie", "$.title: expected str, got nothing"),
        ({"title": "M", "yaer": 1}, "Movie", "$.yaer: expected a field of Movie, got an unknown key"),
        ({"title": "M", "year": "x"}, "Movie", "$.year: expected int, got str"),
        ({"title": "M"}, "Cut", "$.minutes: expected float, got nothing"),
        ([], "Movie", "$: expected Movie, got list"),
        ([], "Pair", "$: expected Pair, got list of length 0"),
        ([1, None, 2], "Pair", "$: expected Pair, got list of length 3"),
        (["x"], "Pair", "$[0]: expected int, got str"),
        ({"right": None}, "Pair", "$.left: expected int, got nothing"),
        ("ab", "Pair", "$: expected Pair, got str"),
        ("2026-01-01", "dt.date", "$: expected date, got str"),
        ("2026-01-01T00:00:00Z", "dt.datetime | None", "$: expected datetime | None, got str"),
        (5, "dt.timedelta", "$: expected timedelta, got int"),
        (5, "Sized", "$: expected Sized, got int"),
        (
            {"rows": [{}, {"price": "secret"}]},
            "Model",
            "$.rows[1].price: expected Model, got a value that it rejects (float_type)",
        ),
        ("crash", "Model", "$: expected Model, got a value that it rejects (ZeroDivisionError)"),
    ],
)
def test_mismatches_name_path_class_and_type(value: object, annotation: str, message: str) -> None:
    """The error gives the path and the class, and shows neither the value nor the author's error."""
    with pytest.raises(Mismatch) as caught:
        fit(value, annotation)
    assert str(caught.value) == message
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or isinstance(caught.value.__context__, Mismatch)


def test_models_validate_values() -> None:
    """A class with `model_validate` creates its instance; a lazy sequence is read before."""
    models = fit([Lazy()], "list[Model]")
    assert isinstance(models, list)
    assert isinstance(models[0], Model)
    assert models[0].value == [1, None]


def test_pydantic_models() -> None:
    """A pydantic model is created; its error gives the field's path and does not show the value."""
    pydantic = pytest.importorskip("pydantic")
    item: Any = pydantic.create_model("Item", price=(float, ...))
    basket = pydantic.create_model("Basket", items=(list.__class_getitem__(item), ...))
    assert convert({"items": [{"price": 1.5}]}, basket, resolve) == basket(items=[item(price=1.5)])
    with pytest.raises(Mismatch) as caught:
        convert({"items": [{"price": 1}, {"price": "secret"}]}, basket, resolve)
    assert str(caught.value) == "$.items[1].price: expected Basket, got a value that it rejects (float_parsing)"
    assert caught.value.__context__ is None
