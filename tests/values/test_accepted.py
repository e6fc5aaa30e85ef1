"""The JSON Schema of what an annotation accepts."""

from __future__ import annotations

import dataclasses
import decimal  # noqa: F401 - in an annotation
import enum
import functools
import operator
import typing
from collections.abc import Hashable  # noqa: F401 - in an annotation
from typing import Any, NamedTuple, TypedDict

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.values.accepted import accepted_schema
from dagfloe.values.convert import convert
from dagfloe.values.hints import Mismatch
from support.strategies import json_values


class Colour(enum.Enum):
    """An enum of strings and an integer."""

    RED = "red"
    ONE = 1
    WHOLE = 2.0


class Grade(str, enum.Enum):
    """An enum whose members are strings."""

    GOOD = "good"


class Flags(enum.Flag):
    """An enum that accepts other values than those of its members."""

    READ = 1
    WRITE = 2


class Lenient(enum.Enum):
    """An enum that decides itself what it accepts."""

    A = "a"
    B = "b"

    @classmethod
    def _missing_(cls, value: object) -> Lenient:
        return cls.A if value else cls.B


class Eager(enum.EnumMeta):
    """A kind of enums that accept everything."""

    def __call__(cls, *_args: Any, **_kwargs: Any) -> Any:
        """Return the first member."""
        return next(iter(cls))


class Anything(enum.Enum, metaclass=Eager):
    """An enum that accepts everything."""

    A = "a"


class OddMeta(type):
    """A kind of classes of which everything is an instance."""

    def __instancecheck__(cls, _instance: object) -> bool:
        return True


class Odd(metaclass=OddMeta):
    """A class of which everything is an instance."""


@dataclasses.dataclass
class Point:
    """A dataclass."""

    x: int
    y: int = 0


class Row(NamedTuple):
    """A named tuple."""

    name: str


class Options(TypedDict):
    """A dict with fields."""

    name: str


class Model:
    """A class with a validator, as pydantic's models have."""

    @classmethod
    def model_validate(cls, value: object) -> object:
        """Accept everything."""
        return value


class Closed(typing.Protocol):
    """A protocol without runtime_checkable."""

    x: int


Name = typing.NewType("Name", str)
STATED = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "str": {"type": "string"},
    "Name": {"type": "string"},
    "None": {"type": "null"},
    "list": {"type": "array"},
    "tuple[int, ...]": {"type": "array"},
    "set[str]": {"type": "array"},
    "typing.Sequence[int]": {"type": "array"},
    "typing.Mapping[str, int]": {"type": "object"},
    "dict[str, Any]": {"type": "object"},
    "Point": {"type": "object"},
    "Options": {"type": "object"},
    "Row": {"anyOf": [{"type": "array"}, {"type": "object"}]},
    "int | None": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    "typing.Optional[list[int]]": {"anyOf": [{"type": "array"}, {"type": "null"}]},
    "typing.Annotated[int, 'rows'] | int": {"type": "integer"},
    "typing.Literal['a', 1, None]": {"enum": ["a", 1, None]},
    "typing.Literal[True] | int": {"anyOf": [{"enum": [True]}, {"type": "integer"}]},
    "Colour": {"enum": ["red", 1, 2.0]},
    "Grade | None": {"anyOf": [{"enum": ["good"]}, {"type": "null"}]},
}
OPEN = [
    *("Any", "object", "Unknown", "int | Any", "Hashable", "Closed", "Model", "Odd"),
    *("Flags", "Lenient", "Anything", "decimal.Decimal", "typing.Literal[b'x']"),
]


def resolve(source: str) -> object:
    """Evaluate an annotation in this module."""
    return eval(source, globals())  # noqa: S307 - the annotations above


@pytest.mark.parametrize("annotation", STATED)
def test_stated(annotation: str) -> None:
    """What an annotation accepts is stated, whether the annotation is a string or an object."""
    assert accepted_schema(annotation, resolve) == STATED[annotation]
    assert accepted_schema(resolve(annotation) or type(None), resolve) == STATED[annotation]


@pytest.mark.parametrize("annotation", [None, *OPEN])
def test_open(annotation: str | None) -> None:
    """If everything is accepted, or the class itself decides, nothing is stated."""
    assert accepted_schema(annotation, resolve) is None


def test_endless_unions() -> None:
    """An alias that holds itself, and a union of many members, state nothing."""
    members = tuple(enum.Enum(f"E{number}", {"A": number}) for number in range(60))
    many: Any = functools.reduce(operator.or_, members)
    assert accepted_schema(many, resolve) is None
    assert accepted_schema("Loop", lambda _source: "int | Loop") is None


sources: st.SearchStrategy[str] = st.recursive(
    st.sampled_from([*STATED, *OPEN]),
    lambda inner: st.builds("typing.Union[{}, {}]".format, inner, inner) | inner.map("typing.Optional[{}]".format),
    max_leaves=4,
)


@given(sources, json_values | st.sampled_from(["red", "good", 1, 2, 1.0, 2.0, True, {"x": 1}, {"name": "n"}, ["n"]]))
def test_accepted_values_follow_the_schema(annotation: str, value: Any) -> None:
    """Airflow refuses an argument only if the task would refuse it, too."""
    schema = accepted_schema(annotation, resolve)
    try:
        convert(value, annotation, resolve)
    except Mismatch:
        return
    if schema is not None:
        jsonschema.validate(value, schema)
