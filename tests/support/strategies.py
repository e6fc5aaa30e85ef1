"""Strategies for hypothesis: strings, JSON values, message bodies, splits, and very odd objects."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schemas" / "supervisor-2026-06-16.json").read_text("utf-8")
)

#: Any string, with lone surrogates.
any_text = st.text(st.characters(), max_size=30)
#: Strings that UTF-8 can encode.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
int64 = st.integers(-(2**63), 2**63 - 1)
finite = st.floats(allow_nan=False, allow_infinity=False)
aware = st.datetimes(
    datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the time zone
    datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


def nested(leaves: st.SearchStrategy[Any], keys: st.SearchStrategy[Any] = text) -> st.SearchStrategy[Any]:
    """Nested lists and dicts of leaves."""
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
    )


#: JSON values, with integers of 64 bits.
json_values = nested(st.none() | st.booleans() | int64 | finite | text)
#: Bodies of messages.
message_bodies = st.dictionaries(
    text, nested(st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | finite | text | aware), max_size=5
)


@st.composite
def pieces_of(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Bytes, cut anywhere into any number of pieces."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=10)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def from_schema(  # noqa: C901 - one case for every kind of schema
    schema: Mapping[str, Any],
    dates: st.SearchStrategy[Any],
    *,
    unknown_fields: bool = False,
    definitions: Mapping[str, Any] = SCHEMA["$defs"],
) -> st.SearchStrategy[Any]:
    """Values that a part of Airflow's supervisor schema allows.

    Args:
        schema: the part.
        dates: the values of date-time fields.
        unknown_fields: whether objects that allow it get fields that the schema does not name.
        definitions: the definitions that references name.
    """

    def inner(part: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        if "$ref" in part:
            return st.deferred(lambda: inner(definitions[part["$ref"].rpartition("/")[2]]))
        if "anyOf" in part:
            return st.one_of([inner(choice) for choice in part["anyOf"]])
        if "properties" in part:
            return fields_of(part)
        if "const" in part or "enum" in part:
            return st.sampled_from(part.get("enum", [part.get("const")]))
        if "prefixItems" in part:
            return st.tuples(*map(inner, part["prefixItems"])).map(list)
        if part.get("type") == "array":
            return st.lists(inner(part.get("items", {})), min_size=part.get("minItems", 0), max_size=2)
        if part.get("type") == "object":
            values = part.get("additionalProperties")
            return st.dictionaries(text, inner(values) if isinstance(values, dict) else json_values, max_size=2)
        return simple(part)

    def simple(part: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        strings = {
            "date-time": dates,
            "duration": st.integers(0, 10**6).map("PT{}S".format),
            "uuid": st.uuids().map(str),
        }
        of_type = {
            "string": strings.get(part.get("format", ""), text),
            "integer": int64,
            "number": st.floats(0.1, 1e9) if "exclusiveMinimum" in part else finite,
            "boolean": st.booleans(),
            "null": st.none(),
        }
        return of_type.get(str(part.get("type", "")), json_values)

    def fields_of(part: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        required = {"type", *part.get("required", ())}
        fields = {name: inner(value) for name, value in part["properties"].items()}
        objects = st.fixed_dictionaries(
            {name: value for name, value in fields.items() if name in required},
            optional={name: value for name, value in fields.items() if name not in required},
        )
        if unknown_fields and part.get("additionalProperties") is not False:
            return st.builds(lambda more, value: {**more, **value}, st.dictionaries(text, text, max_size=2), objects)
        return objects

    return inner(schema)


class Raises:
    """An object whose conversions to a string raise."""

    def __repr__(self) -> str:
        raise ValueError("no repr")

    def __str__(self) -> str:
        raise LookupError("no str")

    def __format__(self, spec: str) -> str:
        raise TypeError("no format")


class Evasive:
    """An object whose class cannot be read, like an unbound proxy."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("outside of its context")


class OddText(str):
    """A string whose conversions to a string raise."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __str__(self) -> str:
        raise ValueError("no str")

    def __repr__(self) -> str:
        raise ValueError("no repr")


class OddNumber(int):
    """A number that cannot be compared or converted."""

    def __le__(self, other: object) -> bool:
        raise ValueError("not comparable")

    __ge__ = __lt__ = __gt__ = __le__

    def __int__(self) -> int:
        raise ValueError("not convertible")


class OddFloat(float):
    """A float whose arithmetic raises, like warnings of numpy about infinities."""

    def __sub__(self, other: object) -> float:
        raise RuntimeWarning("invalid value")


def _cyclic() -> list[Any]:
    value: list[Any] = [1]
    value.append({"again": value, "twice": [value, value]})
    return value


#: Values that an author can pass to a log call.
odd_values = nested(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | any_text
    | st.binary(max_size=10)
    | st.datetimes()
    | st.dates()
    | st.builds(set)
    | st.frozensets(st.integers(), max_size=3)
    | st.builds(object)
    | st.builds(Raises)
    | st.builds(Evasive)
    | st.builds(OddText, any_text)
    | st.builds(OddNumber)
    | st.builds(OddFloat, st.sampled_from([1.5, float("inf"), float("nan")]))
    | st.builds(_cyclic)
    | st.just(2**70),
    keys=any_text | st.integers() | st.none() | st.builds(Raises) | st.booleans(),
)
