"""Conversion of request bodies."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.local.supervise.coercion import coerce_body
from dagfloe.runtime.wire.requests import find_problem, list_request_names

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=3)
_WHEN = datetime(2001, 2, 3, 4, 5, 6, tzinfo=timezone.utc)


@given(st.sampled_from(list_request_names()), st.dictionaries(st.sampled_from(["limit", "key", "map_index"]), _LEAVES))
def test_any_body(name: str, fields: dict[str, Any]) -> None:
    """Any body can be converted, and a second conversion changes nothing."""
    once = coerce_body({"type": name, **fields})
    assert repr(coerce_body(once)) == repr(once)


@given(_LEAVES)
def test_any_value(value: Any) -> None:
    """Any value of a number, a boolean, a time or a duration is converted or unchanged."""
    coerce_body({"type": "GetXCom", "map_index": value, "include_prior_dates": value})
    coerce_body({"type": "RetryTask", "end_date": value, "retry_delay_seconds": value})
    coerce_body({"type": "DeferTask", "trigger_timeout": value})


@pytest.mark.parametrize(
    ("value", "expected"),
    [("5", 5), (" -5 ", -5), ("5.0", 5), (5.0, 5), (True, 1), ("5.5", "5.5"), (5.5, 5.5), ("x", "x"), (None, None)],
)
def test_integers(value: object, expected: object) -> None:
    """A value that stands for an integer becomes one."""
    converted = coerce_body({"type": "GetXCom", "map_index": value})["map_index"]
    assert (type(converted), converted) == (type(expected), expected)


@pytest.mark.parametrize(
    ("value", "expected"), [("Yes", True), ("off", False), (1, True), (0.0, False), (2, 2), ("maybe", "maybe")]
)
def test_booleans(value: object, expected: object) -> None:
    """A value that stands for a boolean becomes one."""
    converted = coerce_body({"type": "GetXCom", "include_prior_dates": value})["include_prior_dates"]
    assert (type(converted), converted) == (type(expected), expected)


@pytest.mark.parametrize("value", [981173106, 981173106.0, 981173106000, _WHEN])
def test_dates(value: object) -> None:
    """A number is a time in seconds, or in milliseconds if it is large."""
    assert coerce_body({"type": "SucceedTask", "end_date": value})["end_date"] == _WHEN


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(60, 60), (0.5, 0.5), ("PT1M", 60), ("-PT1M0,5S", -60.5), ("P1DT2H", 93600), ("P1Y1M1W", 402 * 86400)],
)
def test_durations(value: object, seconds: float) -> None:
    """A duration is a number of seconds, or an ISO 8601 string."""
    converted = coerce_body({"type": "DeferTask", "trigger_timeout": value})["trigger_timeout"]
    assert converted == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["P", "PT", "1M", "P1M1", "later"])
def test_invalid_duration(value: str) -> None:
    """An invalid duration stays unchanged, and the schema refuses it."""
    body = coerce_body({"type": "DeferTask", "classpath": "a.B", "next_method": "m", "trigger_timeout": value})
    assert body["trigger_timeout"] == value
    assert find_problem(body) is not None


def test_unknown_fields() -> None:
    """Unknown fields are removed, unless they are forbidden; a body of an unknown type is unchanged."""
    assert coerce_body({"type": "GetVariable", "key": "k", "more": 1}) == {"type": "GetVariable", "key": "k"}
    assert coerce_body({"type": "SucceedTask", "more": 1}) == {"type": "SucceedTask", "more": 1}
    assert coerce_body({"type": "Nope", "more": 1}) == {"type": "Nope", "more": 1}
