"""Tests of reading log lines."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.local.log.lines import LineDecoder
from dagfloe.local.log.records import LogRecord, parse_line, stream_record
from dagfloe.local.task_lost import TaskLost
from dagfloe.masking import Secrets

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def line(**fields: Any) -> bytes:
    return json.dumps({"event": "hi", "level": "info", **fields}).encode()


def read(data: bytes, *secrets: str) -> LogRecord:
    masker = Secrets()
    masker.add(list(secrets))
    record = parse_line(data, masker.mask)
    assert record is not None
    return record


@given(st.binary(max_size=80) | st.builds(lambda value: json.dumps(value).encode(), values))
def test_any_line(data: bytes) -> None:
    """Any line gives a record, None or TaskLost, and never another error."""
    with suppress(TaskLost):
        assert isinstance(parse_line(data, str), LogRecord | None)


@given(st.binary(max_size=60), st.integers(1, 7))
def test_lines(data: bytes, size: int) -> None:
    """The lines do not depend on how the bytes are split."""
    decoder = LineDecoder()
    lines = [item for start in range(0, len(data), size) for item in decoder.feed(data[start : start + size])]
    lines += decoder.finish()
    expected = data.split(b"\n")
    assert lines == (expected if expected[-1] else expected[:-1])


def test_long_line() -> None:
    """A line without an end is split at the limit."""
    assert LineDecoder(max_line_bytes=3).feed(b"abcdef") == [b"abcdef"]


def test_record() -> None:
    """A record has the line's time, level, logger, event and fields; an exception becomes the error detail."""
    record = read(line(timestamp="2026-01-02T03:04:05.5+01:00", logger="a.b", level="warn", exception=[1], n=5))
    when = datetime(2026, 1, 2, 3, 4, 5, 500000, tzinfo=timezone(timedelta(hours=1)))
    assert record == LogRecord(when, "warning", "a.b", "hi", {"n": 5, "error_detail": [1]})


@pytest.mark.parametrize("level", ["notset", "INFO", "loud", 5, None, True])
def test_unknown_levels(level: object) -> None:
    """A line with another level is dropped."""
    assert parse_line(line(level=level), str) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"not json",
        b'{"event": NaN, "level": "info"}',
        b'{"event": 1e999, "level": "info"}',
        b'{"event": "\xff", "level": "info"}',
        b'{"event": "\\ud800", "level": "info"}',
        b'\xef\xbb\xbf{"level": "info"}',
    ],
)
def test_not_json(data: bytes) -> None:
    """A line that is not JSON becomes a record of the supervisor."""
    record = read(data)
    assert (record.logger, record.level) == ("supervisor", "error")
    assert record.event.startswith("Malformed JSON log line")


@pytest.mark.parametrize("data", [b"[]", b"5", b"null", b'"x"', b"true"])
def test_not_an_object(data: bytes) -> None:
    """A line that is JSON but not an object loses the task."""
    with pytest.raises(TaskLost, match="not an object"):
        parse_line(data, str)


@pytest.mark.parametrize(
    "fields",
    [{"level": []}, {"level": {}}, {"target": 1}, {"msg": 1}, {"self": 1}, {"method_name": 1}, {"positional_args": [1]}]
    + [{"timestamp": value} for value in (5, True, ["x"], "2026-01-01", "2026-01-01T00:00Z", "2026-01-01T24:00:00Z")],
    ids=str,
)
def test_invalid_fields(fields: dict[str, Any]) -> None:
    """An invalid level or time, or a field with a reserved name, loses the task."""
    with pytest.raises(TaskLost):
        parse_line(line(**fields), str)


def test_no_level() -> None:
    """An object without a level loses the task."""
    with pytest.raises(TaskLost, match="no level"):
        parse_line(b'{"event": "hi"}', str)


@pytest.mark.parametrize("timestamp", ["", None, 0, []])
def test_empty_timestamp(timestamp: object) -> None:
    """With an empty timestamp, the record has the present time."""
    assert datetime.now(tz=timezone.utc) - read(line(timestamp=timestamp)).timestamp < timedelta(minutes=1)


def test_secrets() -> None:
    """Secrets are masked in the event, in fields at any depth, and in quoted lines; sensitive names mask everything."""
    record = read(line(event="the hunter2", field={"a": ["hunter2"]}, api_key=["x", 5]), "hunter2")
    assert (record.event, record.fields) == ("the ***", {"field": {"a": ["***"]}, "api_key": ["***", 5]})
    assert "hunter2" not in read(b"x" * 196 + b"hunter2", "hunter2").event.replace("***", "")
    assert "hun" not in read(b"x" * 197 + b"hunter2", "hunter2").event
    with pytest.raises(TaskLost) as error:
        read(b'["hunter2"]', "hunter2")
    assert "hunter2" not in str(error.value)


def test_sensitive_names() -> None:
    """A sensitive name is found in any spelling; deeply nested values under it are masked as a whole."""
    deep: Any = 1
    for _ in range(8):
        deep = [deep]
    fields = read(line(**{"Api-Key ": {"n": None}, "token": deep, "plain": deep})).fields
    assert fields == {"Api-Key ": {"n": None}, "token": [[[[["***"]]]]], "plain": deep}


def test_web_tokens() -> None:
    """What looks like a JSON Web Token is masked in the event, in string fields and on the streams."""
    record = read(line(event="a eyJh.b-c_d e", field="eyJx"))
    assert (record.event, record.fields) == ("a eyJ*** e", {"field": "eyJ***"})
    assert stream_record("stdout", b"eyJx.y z", str).event == "eyJ*** z"


def test_fields_of_the_logger() -> None:
    """Fields that Airflow's logger uses itself are not in the record; one of them names the logger."""
    logger_fields = {"exc_info": True, "stack_info": True, "logger_name": "a.b"}
    record = read(line(**logger_fields, n=1))
    assert (record.logger, record.fields) == ("a.b", {"n": 1})


@pytest.mark.parametrize("event", [None, 0, False, "", [], {}])
def test_empty_event(event: object) -> None:
    """A falsy event becomes an empty string."""
    assert read(line(event=event)).event == ""


def test_fraction_of_a_second() -> None:
    """A time is rounded to microseconds."""
    when = read(line(timestamp="2026-01-02T03:04:59.9999996Z")).timestamp
    assert when == datetime(2026, 1, 2, 3, 5, tzinfo=timezone.utc)


def test_streams() -> None:
    """A line of stdout is an info record, one of stderr an error; bytes that are not UTF-8 are replaced."""
    out, err = stream_record("stdout", b"a\xff \r", str), stream_record("stderr", b"b", str)
    assert (out.logger, out.level, out.event) == ("task.stdout", "info", "a\ufffd")
    assert (err.logger, err.level) == ("task.stderr", "error")
