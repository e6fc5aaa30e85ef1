"""The forms of instances of classes with fields, members of enums, bytes and values of numpy and pandas."""

from __future__ import annotations

import collections
import datetime as dt
import enum
import json
import pathlib
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, model_serializer

from dagfloe.errors import ValueNotSerializableError
from dagfloe.values.convert import convert
from dagfloe.values.hints import Mismatch
from dagfloe.values.jsonable import check_jsonable, is_plain
from dagfloe.values.serde import decode, encode

NOON = dt.datetime(2026, 7, 1, 12, tzinfo=dt.timezone.utc)


class Colour(enum.Enum):
    """An enum."""

    RED = "red"
    PAIR = (1, 2)


class Size(enum.IntEnum):
    """An enum whose members are numbers."""

    SMALL = 1


class Name(str, enum.Enum):
    """An enum whose members are strings."""

    ANN = "ann"


@dataclass
class Line:
    """A dataclass."""

    price: Decimal
    colour: Colour = Colour.RED


@dataclass(frozen=True)
class Order:
    """A dataclass with values that JSON lacks."""

    at: dt.datetime
    lines: tuple[Line, ...]
    data: bytes = b""
    count: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Count."""
        object.__setattr__(self, "count", len(self.lines))


class Movie(BaseModel):
    """A model with an alias."""

    title: str
    seen: dt.datetime = Field(alias="seenAt")
    genres: set[str] = set()


class Failing(BaseModel):
    """A model that cannot be dumped."""

    @model_serializer
    def dump(self) -> dict[str, Any]:
        """Fail."""
        raise ZeroDivisionError("secret")


@attrs.define
class Part:
    """A class of attrs."""

    line: Line
    _weight: float = 1.5
    size: tuple[int, int] = attrs.field(factory=lambda: (1, 2))
    cost: int = attrs.field(init=False, default=7)


class Frozen(dt.datetime):
    """A subclass of datetime, such as that of freezegun."""


class Nanosecond(dt.datetime):
    """A subclass of datetime with more digits, such as that of pandas."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = dt.datetime.__hash__


class Hostile:
    """A class whose instances raise."""

    __dataclass_fields__ = property(lambda _: 1 / 0)
    __attrs_attrs__ = 5


class Lazy:
    """A lazy sequence."""

    is_lazy_sequence = True

    def __iter__(self) -> Any:
        return iter([1, (2,)])


TYPES = {name: value for name, value in globals().items() if isinstance(value, type)} | {"np": np, "dt": dt}


def resolve(source: str) -> object:
    return eval(source, dict(TYPES))  # noqa: S307 - our own


def back(value: object, annotation: str) -> Any:
    """The value after its way through Airflow's database to an annotated parameter."""
    encoded = encode(value)
    check_jsonable(encoded)
    return convert(decode(json.loads(json.dumps(encoded, allow_nan=False))), annotation, resolve)


#: Values, their annotations, and what tasks get without an annotation.
TRIPS: list[tuple[Any, str, Any]] = [
    (b"", "bytes", ""),
    (b"\x00\xff", "bytes", "AP8="),
    (Colour.RED, "Colour", "red"),
    (Colour.PAIR, "Colour", (1, 2)),
    (Size.SMALL, "Size", 1),
    (Name.ANN, "Name", "ann"),
    (Line(Decimal("1.50")), "Line", {"price": Decimal("1.50"), "colour": "red"}),
    (
        Order(NOON, (Line(Decimal(2)),), b"ab"),
        "Order",
        {"at": NOON, "lines": ({"price": Decimal(2), "colour": "red"},), "data": "YWI=", "count": 1},
    ),
    (
        Movie(title="M", seenAt=NOON, genres={"crime"}),
        "Movie",
        {"title": "M", "seen": "2026-07-01T12:00:00Z", "genres": ["crime"]},
    ),
    (
        Part(Line(Decimal(2)), 2.5),
        "Part",
        {"line": {"price": Decimal(2), "colour": "red"}, "_weight": 2.5, "size": (1, 2)},
    ),
    (
        [{"rows": (Line(Decimal(1)),)}],
        "list[dict[str, tuple[Line, ...]]]",
        [{"rows": ({"price": Decimal(1), "colour": "red"},)}],
    ),
    (np.int64(-5), "np.int64", -5),
    (np.uint64(2**64 - 1), "np.uint64", 2**64 - 1),
    (np.float64(0.1), "np.float64", 0.1),
    (np.float32(0.1), "np.float32", float(np.float32(0.1))),
    (np.float16(0.5), "np.float16", 0.5),
    (np.bool_(True), "np.bool_", True),
    (np.str_("a"), "str", "a"),
    (Frozen(2026, 7, 1, 12, tzinfo=dt.timezone.utc), "dt.datetime", NOON),
]


@pytest.mark.parametrize(("value", "annotation", "plain"), TRIPS)
def test_trips(value: Any, annotation: str, plain: Any) -> None:
    """An annotated parameter gets an equal value of the class; any other task gets plain data of the same content."""
    again = back(value, annotation)
    assert again == value
    if annotation != "dt.datetime":
        assert type(again) is type(value) or annotation == "str"
    unannotated = back(value, "object")
    assert unannotated == plain
    assert type(unannotated) is type(plain)


@given(st.binary())
def test_bytes(value: bytes) -> None:
    """All bytes arrive."""
    assert back({"data": [value]}, "dict[str, list[bytes]]") == {"data": [value]}


@given(st.integers(-(2**63), 2**63 - 1), st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_scalars_of_numpy(integer: int, real: float) -> None:
    """All scalars arrive with their classes."""
    values = [np.int64(integer), np.float32(real), np.float64(real)]
    assert back(values, "tuple[np.int64, np.float32, np.float64]") == tuple(values)
    assert back(values, "object") == [integer, real, real]


def test_lazy_sequences() -> None:
    """The XComs of a mapped task are sent as a list."""
    assert back(Lazy(), "object") == [1, (2,)]


#: Values without a rule: what the error says they are, and the cure.
REFUSED: list[tuple[Any, str, str]] = [
    (np.array([1]), "of type numpy.ndarray", "use .tolist()"),
    (np.array(1), "of type numpy.ndarray", "use .tolist()"),
    (np.complex128(1j), "of type numpy.complex128", "use its .real"),
    (np.longdouble(1), "of type numpy.longdouble", "use float(...)"),
    (np.datetime64("2026-07-01"), "of type numpy.datetime64", "use .item()"),
    (np.float64("nan"), "the float nan", "use None"),
    (float("inf"), "the float inf", "use None"),
    (bytearray(b"secret"), "of type bytearray", "decode it"),
    (dt.time(1), "of type datetime.time", "use .isoformat()"),
    (pathlib.PurePosixPath("/secret"), "PurePosixPath", "convert it"),
    (pathlib.Path("/secret"), "of type pathlib", "use str(...)"),
    (range(2), "of type range", "use list(...)"),
    (collections.deque(), "of type collections.deque", "use list(...)"),
    ((letter for letter in ""), "of type generator", "use list(...)"),
    (1j, "of type complex", "use its .real"),
    (Failing(), "whose model_dump(mode='json') raises", "return plain data"),
    (Nanosecond(2026, 7, 1), "that no datetime equals", "use str(...)"),
    (Hostile(), "Hostile", "convert it"),
    (Line, "of type type", "convert it"),
    (Line(float("nan")), "$.price is the float nan", "use None"),  # type: ignore[arg-type]
    (Order(NOON, ({1: 2},)), "$.lines[0][1] is under a key of type int", "keys must be str"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("value", "what", "cure"), REFUSED)
def test_values_without_a_rule(value: Any, what: str, cure: str) -> None:
    """The error names the class and a cure, and does not show the value."""
    assert not is_plain(value)
    with pytest.raises(ValueNotSerializableError) as caught:
        encode(value)
    message = str(caught.value)
    assert what in message
    assert cure in message
    assert "secret" not in message


def test_circles() -> None:
    """An instance that contains itself is an error, not an endless recursion."""
    line = Line(Decimal(1))
    line.price = line  # type: ignore[assignment]
    with pytest.raises(ValueNotSerializableError, match="nested more than 200 levels deep"):
        encode(line)


@pytest.mark.parametrize(
    ("value", "annotation", "message"),
    [
        ("YWI", "bytes", "$: expected bytes, got a str that is not base64"),
        ("é", "bytes", "$: expected bytes, got a str that is not base64"),
        (5, "bytes", "$: expected bytes, got int"),
        (300, "np.int8", "$: expected int8, got int outside its range"),
        (-1, "np.uint8", "$: expected uint8, got int outside its range"),
        (True, "np.int64", "$: expected int64, got bool"),
        (1.5, "np.int64", "$: expected int64, got float"),
        (1, "np.bool_", "$: expected bool, got int"),
        (2**53 + 1, "np.float64", "$: expected float64, got int outside its range"),
        ([1], "np.ndarray", "$: expected ndarray, got list"),
        ({"name": 1}, "Part", "$.name: expected a field of Part, got an unknown key"),
        ({}, "Part", "$.line: expected Line, got nothing"),
        ({"title": "M"}, "Movie", "$.seenAt: expected Movie, got a value that it rejects (missing)"),
    ],
)
def test_mismatches(value: Any, annotation: str, message: str) -> None:
    """The error names the path, the class and the type, and does not show the value."""
    with pytest.raises(Mismatch) as caught:
        back(value, annotation)
    assert str(caught.value).replace("bool_", "bool") == message  # numpy 1 has the other name


#: Forms of numpy's scalars from Airflow 3.3.2, and their values.
SCALARS = [
    ("numpy.int64", 5, np.int64(5)),
    ("numpy.float32", 0.10000000149011612, np.float32(0.1)),
    ("numpy.bool", True, np.bool_(True)),
    ("numpy.bool_", True, np.bool_(True)),
    ("numpy.complex128", 1.0, np.complex128(1)),
]


@pytest.mark.parametrize(("name", "data", "scalar"), SCALARS)
def test_scalars_of_ordinary_tasks(monkeypatch: pytest.MonkeyPatch, name: str, data: Any, scalar: Any) -> None:
    """They arrive as scalars of numpy, or as numbers if the bundle does not contain numpy."""
    form = {"__classname__": name, "__version__": 1, "__data__": data}
    decoded = decode(form)
    assert (decoded, type(decoded)) == (scalar, type(scalar))
    monkeypatch.setitem(sys.modules, "numpy", None)
    decoded = decode(form)
    assert (decoded, type(decoded)) == (data, type(data))


@pytest.mark.parametrize("version", [2, -1])
def test_later_forms_are_not_decoded(version: int) -> None:
    """A form of a later version stays what it is."""
    form = {"__classname__": "numpy.int64", "__version__": version, "__data__": 5}
    assert decode(form) is form


def test_frames_need_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyarrow, a DataFrame is an error that says what to do."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    frame = type("DataFrame", (), {"__module__": "pandas"})()
    with pytest.raises(ValueNotSerializableError, match=r"which needs pyarrow.* add pyarrow to the dependencies"):
        encode(frame)


class Day(dt.date):
    """A subclass of date."""


class Span(dt.timedelta):
    """A subclass of timedelta."""


def test_subclasses_of_dates() -> None:
    """An instance of a subclass of date or timedelta arrives as one of the class itself."""
    values = [Day(2026, 7, 1), Span(days=-1, microseconds=5)]
    again = back(values, "object")
    assert again == values
    assert [type(value) for value in again] == [dt.date, dt.timedelta]


def test_xcoms_of_a_mapped_task() -> None:
    """Airflow 3.4 has a form for what a mapped task returned: a list."""
    name = "airflow.sdk.execution_time.lazy_sequence.LazyXComSequence"
    assert decode({"__classname__": name, "__version__": 1, "__data__": [1, encode((2,))]}) == [1, (2,)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, True),
        (True, True),
        (2**64 - 1, True),
        (2**64, False),
        (-(2**63) - 1, False),
        (1.5, True),
        (float("nan"), False),
        ("é", True),
        ("\ud800", False),
        ({"\ud800": 1}, False),
        ({"é": [1, {"a": None}]}, True),
        ({1: 1}, False),
        ({"a": (1,)}, False),
        ([set()], False),
        (Size.SMALL, False),
        ({"__classname__": 1}, False),
        ({"__id__": 1}, False),
        ({"__type": 1}, False),
    ],
)
def test_plain_values(value: object, expected: bool) -> None:
    """Only values that Airflow reads back unchanged are sent without a look at the classes."""
    assert is_plain(value) is expected
    if expected:
        assert encode(value) is value


def test_deep_values_are_not_plain() -> None:
    """The search ends at the depth that is refused."""
    value: list[Any] = []
    value.append(value)
    assert not is_plain(value)


class Arrow:
    """Stands in for pyarrow, which the development environment does not contain; tests/airflow has the real one."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem
        self.Table = self

    def from_pandas(self, frame: object) -> object:
        """The frame itself."""
        return frame

    def write_table(self, table: object, buffer: Arrow, compression: str) -> None:
        """Fail, or do nothing."""
        assert compression == "snappy"
        if self.problem:
            raise self.problem

    def read_table(self, data: Any) -> Arrow:
        """Remember the data."""
        self.data = data.read()
        return self

    def to_pandas(self) -> bytes:
        """What was read."""
        return bytes(self.data)

    def BufferOutputStream(self) -> Arrow:  # noqa: N802 - pyarrow's name
        """A buffer."""
        return self

    def getvalue(self) -> Any:
        """Its content, whose `hex` returns bytes."""
        return type("Buffer", (), {"hex": lambda _: b"0a0b"})()


def test_forms_of_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """A DataFrame is sent under the name that all versions of pandas and Airflow read."""
    arrow = Arrow()
    for name in ("pandas", "pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, arrow)
    form = {"__classname__": "pandas.core.frame.DataFrame", "__version__": 1, "__data__": "0a0b"}
    for module in ("pandas", "pandas.core.frame"):
        assert encode([type("DataFrame", (), {"__module__": module})()]) == [form]
    assert decode(form) == decode(form | {"__classname__": "pandas.DataFrame"}) == b"\n\x0b"
    bad = form | {"__data__": "x"}
    assert decode(bad) is bad


def test_frames_that_parquet_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the exception, and does not show its message."""
    arrow = Arrow(ZeroDivisionError("secret"))
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, arrow)
    with pytest.raises(
        ValueNotSerializableError, match=r"columns that Parquet does not hold \(ZeroDivisionError\)"
    ) as caught:
        encode(type("DataFrame", (), {"__module__": "pandas"})())
    assert "secret" not in str(caught.value)


def test_malformed_scalars() -> None:
    """A form of a scalar without a number is not decoded."""
    form = {"__classname__": "numpy.int64", "__version__": 1, "__data__": "5"}
    assert decode(form) is form
