"""Tests of how the supervisor reads bodies."""

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
    """Any body is read; reading it again changes nothing."""
    once = coerce_body({"type": name, **fields})
    assert repr(coerce_body(once)) == repr(once)


@given(_LEAVES)
def test_any_value(value: Any) -> None:
    """Any value of a number, a truth, a time or a duration is read or left."""
    coerce_body({"type": "GetXCom", "map_index": value, "include_prior_dates": value})
    coerce_body({"type": "RetryTask", "end_date": value, "retry_delay_seconds": value})
    coerce_body({"type": "DeferTask", "trigger_timeout": value})


@pytest.mark.parametrize(
    ("given", "read"),
    [("5", 5), (" -5 ", -5), ("5.0", 5), (5.0, 5), (True, 1), ("5.5", "5.5"), (5.5, 5.5), ("x", "x"), (None, None)],
)
def test_integers(given: object, read: object) -> None:
    """What stands for a whole number is one."""
    value = coerce_body({"type": "GetXCom", "map_index": given})["map_index"]
    assert (type(value), value) == (type(read), read)


@pytest.mark.parametrize(
    ("given", "read"), [("Yes", True), ("off", False), (1, True), (0.0, False), (2, 2), ("maybe", "maybe")]
)
def test_truths(given: object, read: object) -> None:
    """What stands for a truth is one."""
    value = coerce_body({"type": "GetXCom", "include_prior_dates": given})["include_prior_dates"]
    assert (type(value), value) == (type(read), read)


@pytest.mark.parametrize("given", [981173106, 981173106.0, 981173106000, _WHEN])
def test_dates(given: object) -> None:
    """A number is a time in seconds, or in milliseconds when it is large."""
    assert coerce_body({"type": "SucceedTask", "end_date": given})["end_date"] == _WHEN


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(60, 60), (0.5, 0.5), ("PT1M", 60), ("-PT1M0,5S", -60.5), ("P1DT2H", 93600), ("P1Y1M1W", 402 * 86400)],
)
def test_durations(given: object, seconds: float) -> None:
    """A duration is a number of seconds, or ISO 8601."""
    value = coerce_body({"type": "DeferTask", "trigger_timeout": given})["trigger_timeout"]
    assert value == timedelta(seconds=seconds)


@pytest.mark.parametrize("given", ["P", "PT", "1M", "P1M1", "later"])
def test_no_duration(given: str) -> None:
    """What is no duration stays, and is refused."""
    body = coerce_body({"type": "DeferTask", "classpath": "a.B", "next_method": "m", "trigger_timeout": given})
    assert body["trigger_timeout"] == given
    assert find_problem(body) is not None


def test_unknown_fields() -> None:
    """Fields that nobody knows are left out, unless they are forbidden; a body of an unknown type stays."""
    assert coerce_body({"type": "GetVariable", "key": "k", "more": 1}) == {"type": "GetVariable", "key": "k"}
    assert coerce_body({"type": "SucceedTask", "more": 1}) == {"type": "SucceedTask", "more": 1}
    assert coerce_body({"type": "Nope", "more": 1}) == {"type": "Nope", "more": 1}
