"""Read-only records, and reading them from messages."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.errors import RemoteProtocolError
from dagfloe.model.record import Record
from support.strategies import json_values

if TYPE_CHECKING:
    from collections.abc import Mapping


class Sample(Record):
    """A record with a field of every type."""

    _hidden = frozenset({"secret"})

    name: str
    count: int = -1
    ratio: float = 0.0
    when: datetime | None = None
    secret: Mapping[str, Any] = {}
    rows: tuple[int, ...] = ()


WHEN = datetime(2026, 1, 2, tzinfo=timezone.utc)


def test_reading() -> None:
    """Null and missing fields become their defaults; unknown fields are ignored."""
    read = Sample.read({"name": "a", "count": None, "rows": [1, 2], "when": "2026-01-02T00:00:00Z", "new": 1}, "$")
    assert read == Sample(name="a", rows=(1, 2), when=WHEN)
    assert (read.count, read.ratio, read.secret) == (-1, 0.0, {})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "x is NoneType, expected dict"),
        ([], "x is list, expected dict"),
        ({}, "x.name is nothing, expected str"),
        ({"name": None}, "x.name is NoneType, expected str"),
        ({"name": 5}, "x.name is int, expected str"),
        ({"name": "a", "count": True}, "x.count is bool, expected int"),
        ({"name": "a", "count": 1.5}, "x.count is float, expected int"),
        ({"name": "a", "ratio": "1"}, "x.ratio is str, expected float"),
        ({"name": "a", "when": "hunter2"}, "x.when is not a date in ISO form"),
        ({"name": "a", "when": 5}, "x.when is int, expected a date"),
        ({"name": "a", "secret": "hunter2"}, "x.secret is str, expected dict"),
        ({"name": "a", "rows": {}}, "x.rows is dict, expected list"),
    ],
)
def test_invalid_bodies(body: object, message: str) -> None:
    """The error names the field, its type and the expected type, and does not show the value."""
    with pytest.raises(RemoteProtocolError, match=f"^{re.escape(message)}$"):
        Sample.read(body, "x")


def test_required_field_with_a_default() -> None:
    """`read` may require a field that has a default."""
    with pytest.raises(RemoteProtocolError, match=r"x\.count is nothing, expected int"):
        Sample.read({"name": "a"}, "x", "count")


@given(st.dictionaries(st.sampled_from([*Sample._fields, "new"]), json_values))
def test_any_dict_is_a_record_or_a_protocol_error(body: dict[str, Any]) -> None:
    """With any message, there is no other exception."""
    try:
        read = Sample.read(body, "x")
    except RemoteProtocolError:
        return
    assert isinstance(read.name, str)
    assert type(read.count) is int
    assert read.when is None or read.when.tzinfo is not None


def test_records_are_values() -> None:
    """Records of one class with equal fields are equal and have equal hashes; records are read-only."""
    one, other = Sample(name="a", secret={"x": [1]}), Sample(name="a", secret={"x": [1]})
    assert one == other
    assert hash(one) == hash(other)
    assert one != Sample(name="b")
    assert one != "a"
    with pytest.raises(AttributeError, match=r"Sample\.name is read-only"):
        one.name = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError, match=r"Sample\.name is read-only"):
        del one.name


def test_hidden_fields_are_not_shown() -> None:
    """The repr leaves out hidden fields."""
    assert "hunter2" not in repr(Sample(name="a", secret={"token": "hunter2"}))
    assert repr(Sample(name="a")) == "Sample(name='a', count=-1, ratio=0.0, when=None, rows=())"


def test_arguments_are_checked() -> None:
    """A missing or unknown argument is a TypeError."""
    with pytest.raises(TypeError, match="needs the argument 'name'"):
        Sample()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="has no field 'other'"):
        Sample(name="a", other=1)  # type: ignore[call-arg]
