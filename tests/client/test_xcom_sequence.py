"""The XComs of a mapped task as a sequence: its values, and the requests for them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe import Client
from dagfloe.call_errors import ForeignClassError, NotFoundError
from support.memory import context


class MappedTask:
    """Answers requests for the XComs of a mapped task. Like the API server, it does not accept negative bounds."""

    reply_timeout_s = 1.0

    def __init__(self, values: list[Any]) -> None:
        self.values = values
        self.requests: list[str] = []

    def request(self, body: Any) -> dict[str, Any]:
        """The reply's body."""
        assert (body["task_id"], body["key"]) == ("up", "return_value")
        self.requests.append(body["type"])
        if body["type"] == "GetXComCount":
            return {"type": "XComCountResponse", "len": len(self.values)}
        if body["type"] == "GetXComSequenceItem":
            try:
                return {"type": "XComSequenceIndexResult", "root": self.values[body["offset"]]}
            except IndexError:
                raise NotFoundError("none", "XCOM_NOT_FOUND") from None
        start, stop, step = body["start"], body["stop"], body["step"]
        assert all(bound is None or bound >= 0 for bound in (start, stop)), (
            "the server interprets negative bounds differently"
        )
        assert step is None or step > 0
        return {"type": "XComSequenceSliceResult", "root": self.values[start:stop:step]}


def sequence(values: list[Any]) -> tuple[MappedTask, Any]:
    """The transport, and the sequence."""
    mapped = MappedTask(values)
    return mapped, Client(mapped, context()).xcom.sequence("up")


bounds = st.none() | st.integers(-12, 12) | st.integers(-300, 300)


@given(st.lists(st.integers(), max_size=12), bounds, bounds, bounds.filter(lambda step: step != 0))
def test_slices(values: list[int], start: int | None, stop: int | None, step: int | None) -> None:
    """Every slice equals that of a list."""
    _, lazy = sequence(values)
    assert lazy[start:stop:step] == values[start:stop:step]


def test_instances_of_other_classes() -> None:
    """An instance of a class that the bundle does not have is an error with the class and the task."""
    form = {"__classname__": "shop.Order", "__version__": 0, "__data__": {}}
    _, lazy = sequence([1, form])
    assert lazy[0] == 1
    for read in (lambda: lazy[1], lambda: lazy[:], lambda: list(lazy)):
        with pytest.raises(ForeignClassError, match=r"XCom 'return_value' of task 'up' has an instance of shop\.Order"):
            read()


def test_step_of_zero() -> None:
    """A step of 0 is an error as for a list, and sends no request."""
    mapped, lazy = sequence([1, 2])
    with pytest.raises(ValueError, match="step"):
        lazy[::0]
    assert mapped.requests == []


@given(st.lists(st.integers(), max_size=5), st.integers(-7, 7))
def test_items(values: list[int], index: int) -> None:
    """Every index equals that of a list, with one request."""
    mapped, lazy = sequence(values)
    try:
        expected = values[index]
    except IndexError:
        with pytest.raises(IndexError, match=f"no item {index}"):
            lazy[index]
    else:
        assert lazy[index] == expected
    assert mapped.requests == ["GetXComSequenceItem"]


@pytest.mark.parametrize(("length", "requests"), [(0, 1), (1, 1), (99, 1), (100, 2), (101, 2), (250, 3)])
def test_iterating_reads_pages(length: int, requests: int) -> None:
    """An iteration yields the values in order, with one request per hundred."""
    values = list(range(length))
    mapped, lazy = sequence(values)
    assert [*iter(lazy)] == values  # `list` would also request the length
    assert mapped.requests == ["GetXComSequenceSlice"] * requests


def test_length_is_requested_once() -> None:
    """The length is requested once."""
    mapped, lazy = sequence([1, 2])
    assert (len(lazy), len(lazy), bool(lazy)) == (2, 2, True)
    assert mapped.requests == ["GetXComCount"]


@given(st.lists(st.integers(), max_size=3), st.lists(st.integers(), max_size=3))
def test_equality(values: list[int], others: list[int]) -> None:
    """It equals a list of the same values, and never a str."""
    _, lazy = sequence(values)
    assert (lazy == others) == (values == others)
    assert lazy != "".join(map(str, values))


def test_repr_reads_nothing() -> None:
    """The repr shows no values, which may be secret, and sends no request."""
    mapped, lazy = sequence(["hunter2"])
    assert repr(lazy) == "LazyXComs(task_id='up', key='return_value')"
    assert mapped.requests == []
