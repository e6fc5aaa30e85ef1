"""Values that have a JSON form."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import json
import uuid
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.errors import ValueNotSerializableError
from dagfloe.values.jsonable import INT_MAX, INT_MIN, MAX_DEPTH, check_jsonable
from support.strategies import any_text, json_values, nested, odd_values


def survives(value: Any) -> bool:
    """Whether a value comes back from JSON unchanged, except for tuples, and fits Airflow's storage."""
    try:
        text = json.dumps(value, allow_nan=False)
        text.encode().decode()
        back = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except Exception:  # noqa: BLE001 - not JSON
        return False
    return same(value, back)


def same(value: Any, back: Any) -> bool:
    """Whether two values are equal, with tuples as lists, and integers fit 64 bits."""
    if isinstance(back, dict):
        return (
            isinstance(value, dict) and list(value) == list(back) and all(same(value[key], back[key]) for key in back)
        )
    if isinstance(back, list):
        return len(value) == len(back) and all(map(same, value, back))
    if isinstance(back, int) and not isinstance(back, bool):
        return bool(value == back) and INT_MIN <= back <= INT_MAX
    return bool(value == back)


candidates = nested(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | any_text
    | st.binary(max_size=3)
    | st.dates()
    | st.just(2**64),
    keys=any_text | st.integers() | st.none(),
) | nested(st.tuples(st.integers(), any_text) | st.builds(set) | st.decimals() | st.uuids())


@given(candidates)
def test_valid_values(value: Any) -> None:
    """A value is valid exactly if it comes back from JSON unchanged, with integers of 64 bits."""
    try:
        check_jsonable(value)
    except ValueNotSerializableError:
        assert not survives(value)
    else:
        assert survives(value)


@given(json_values)
def test_json_values_are_accepted(value: Any) -> None:
    """Every JSON value is valid."""
    check_jsonable(value)


@given(odd_values)
def test_any_object(value: Any) -> None:
    """Any object is valid, or an error with a path; it is never changed or called."""
    try:
        check_jsonable(value)
    except ValueNotSerializableError as refusal:
        path, message = refusal.path, str(refusal)
    else:
        return
    assert path.startswith("$")
    assert f"the value at {path} is " in message


class Int64:
    """A class like a numpy scalar."""

    def item(self) -> int:
        """The plain number."""
        return 1


Int64.__module__ = "numpy"


class DataFrame:
    """A class like a table of pandas."""


DataFrame.__module__ = "pandas.core.frame"


class Colour(enum.Enum):
    """An enum whose members are not str."""

    RED = 1


@pytest.mark.parametrize(
    ("element", "what", "cure"),
    [
        (dt.datetime(2026, 1, 1), "of type datetime.datetime", "use .isoformat()"),  # noqa: DTZ001
        (dt.date(2026, 1, 1), "of type datetime.date", "use .isoformat()"),
        (dt.timedelta(1), "of type datetime.timedelta", "use .total_seconds()"),
        (b"x", "of type bytes", "decode it"),
        ({1}, "of type set", "use sorted(...) or list(...)"),
        (decimal.Decimal(1), "of type decimal.Decimal", "use float(...) or str(...)"),
        (uuid.UUID(int=1), "of type uuid.UUID", "use str(...)"),
        (Colour.RED, "of type", "convert it to str"),
        (Int64(), "of type numpy.Int64", "use .item()"),
        (DataFrame(), "of type pandas.core.frame.DataFrame", "use .to_dict('records')"),
        (object(), "of type object", "convert it to str"),
        (2**64, "an integer of more than 64 bits", "use str(...)"),
        (-(2**63) - 1, "an integer of more than 64 bits", "use str(...)"),
        (float("nan"), "the float nan, which JSON does not have", "use None"),
        (float("-inf"), "the float -inf", "use None"),
        ("\ud800", "a str with a lone surrogate", "remove it first"),
    ],
)
def test_bad_elements_are_named_with_path_type_and_cure(element: object, what: str, cure: str) -> None:
    """The error gives the element's path, its type and a cure."""
    with pytest.raises(ValueNotSerializableError) as caught:
        check_jsonable({"ok": [1], "rows": [0, {"when": element}]})
    assert caught.value.path == "$.rows[1].when"
    assert f"the value at $.rows[1].when is {what}" in str(caught.value)
    assert cure in str(caught.value)


@pytest.mark.parametrize(
    ("value", "path", "what"),
    [
        (object(), "$", "of type object"),
        ([object()], "$[0]", "of type object"),
        ((1, object()), "$[1]", "of type object"),
        ({"a b": object()}, "$['a b']", "of type object"),
        ({"a": {1: 2}}, "$.a[1]", "under a key of type int"),
        ({None: 2}, "$[None]", "under a key of type NoneType"),
        ({(1, 2): 2}, "$[(1, 2)]", "under a key of type tuple"),
        ({"\ud800": 1}, "$['\\ud800']", "a str with a lone surrogate"),
    ],
)
def test_paths(value: object, path: str, what: str) -> None:
    """A path consists of indexes and keys; it shows the repr of a bad key."""
    with pytest.raises(ValueNotSerializableError) as caught:
        check_jsonable(value)
    assert caught.value.path == path
    assert f"the value at {path} is {what}" in str(caught.value)


def test_cyclic_value() -> None:
    """A cyclic value is an error, not an endless loop."""
    cyclic: dict[str, Any] = {"a": []}
    cyclic["a"] += [cyclic, cyclic]
    with pytest.raises(ValueNotSerializableError, match=r"nested more than \d+ levels deep: .*is it part of itself"):
        check_jsonable(cyclic)


def test_depth_limit() -> None:
    """A value with the maximum number of levels is valid, one with one more level is not."""
    value: object = 1
    for _ in range(MAX_DEPTH):
        value = [value]
    check_jsonable(value)
    with pytest.raises(ValueNotSerializableError, match="levels deep"):
        check_jsonable([value])


class Size(enum.IntEnum):
    """An enum whose members are numbers."""

    SMALL = 1


class Row(NamedTuple):
    """A named tuple."""

    a: int
    b: str


@pytest.mark.parametrize(
    "value",
    [
        INT_MIN, INT_MAX, -0.0, 1e308, "", "é😀", (), collections.OrderedDict(a=1), collections.defaultdict(int, a=1),
        Size.SMALL, Row(1, "x"), True,
    ],
)  # fmt: skip
def test_subclasses_of_json_types_are_accepted(value: object) -> None:
    """Instances of subclasses of str, int, float, list, tuple and dict are valid."""
    check_jsonable(value)
