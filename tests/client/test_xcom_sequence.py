"""The XComs of a mapped task as a sequence: what it gives, and what it asks for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe import Client
from dagfloe.errors import NotFoundError
from support.memory import context


class Mapped:
    """Answers for a mapped task with these values, as the API server does for bounds that are no Python of its own."""

    reply_timeout_s = 1.0

    def __init__(self, values: list[Any]) -> None:
        self.values = values
        self.asked: list[str] = []

    def request(self, body: Any) -> dict[str, Any]:
        """The reply's body."""
        assert (body["task_id"], body["key"]) == ("up", "return_value")
        self.asked.append(body["type"])
        if body["type"] == "GetXComCount":
            return {"type": "XComCountResponse", "len": len(self.values)}
        if body["type"] == "GetXComSequenceItem":
            try:
                return {"type": "XComSequenceIndexResult", "root": self.values[body["offset"]]}
            except IndexError:
                raise NotFoundError("none", "XCOM_NOT_FOUND") from None
        start, stop, step = body["start"], body["stop"], body["step"]
        assert all(bound is None or bound >= 0 for bound in (start, stop)), "the server reads negative bounds otherwise"
        assert step is None or step > 0
        return {"type": "XComSequenceSliceResult", "root": self.values[start:stop:step]}


def sequence(values: list[Any]) -> tuple[Mapped, Any]:
    """What answers, and the sequence."""
    mapped = Mapped(values)
    return mapped, Client(mapped, context()).xcom.sequence("up")


bounds = st.none() | st.integers(-12, 12) | st.integers(-300, 300)


@given(st.lists(st.integers(), max_size=12), bounds, bounds, bounds.filter(lambda step: step != 0))
def test_slices(values: list[int], start: int | None, stop: int | None, step: int | None) -> None:
    """Every slice is that of a list."""
    _, lazy = sequence(values)
    assert lazy[start:stop:step] == values[start:stop:step]


def test_step_of_zero() -> None:
    """A step of 0 is refused as a list refuses it, and nothing is asked for."""
    mapped, lazy = sequence([1, 2])
    with pytest.raises(ValueError, match="step"):
        lazy[::0]
    assert mapped.asked == []


@given(st.lists(st.integers(), max_size=5), st.integers(-7, 7))
def test_items(values: list[int], index: int) -> None:
    """Every index is that of a list, one request each."""
    mapped, lazy = sequence(values)
    try:
        expected = values[index]
    except IndexError:
        with pytest.raises(IndexError, match=f"no item {index}"):
            lazy[index]
    else:
        assert lazy[index] == expected
    assert mapped.asked == ["GetXComSequenceItem"]


@pytest.mark.parametrize(("length", "requests"), [(0, 1), (1, 1), (99, 1), (100, 2), (101, 2), (250, 3)])
def test_iterating_reads_pages(length: int, requests: int) -> None:
    """Iterating gives every value in order, a hundred a request."""
    values = list(range(length))
    mapped, lazy = sequence(values)
    assert [*iter(lazy)] == values  # of the sequence itself, `list` would ask for its length, too
    assert mapped.asked == ["GetXComSequenceSlice"] * requests


def test_length_is_asked_once() -> None:
    """The length does not change while the task runs."""
    mapped, lazy = sequence([1, 2])
    assert (len(lazy), len(lazy), bool(lazy)) == (2, 2, True)
    assert mapped.asked == ["GetXComCount"]


@given(st.lists(st.integers(), max_size=3), st.lists(st.integers(), max_size=3))
def test_equality(values: list[int], others: list[int]) -> None:
    """It equals a list of the same values; a text it never equals."""
    _, lazy = sequence(values)
    assert (lazy == others) == (values == others)
    assert lazy != "".join(map(str, values))


def test_nothing_is_read_to_show_it() -> None:
    """What it is shown as has no values, which may be secret, and reads none."""
    mapped, lazy = sequence(["hunter2"])
    assert repr(lazy) == "LazyXComs(task_id='up', key='return_value')"
    assert mapped.asked == []
