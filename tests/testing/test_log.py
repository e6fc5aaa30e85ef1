"""Tests of the log of a task under test."""

from __future__ import annotations

from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

from dagfloe.testing import Log, LogRecord

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
DETAIL = [
    {
        "exc_type": "KeyError",
        "exc_value": "'x'",
        "frames": [
            {"filename": "/home/ann/tasks.py", "lineno": 7, "name": "load"},
            {"filename": "/lib/dagfloe/client.py", "lineno": 9, "name": "get"},
        ],
    },
    {"exc_type": "ValueError", "exc_value": "no frames", "frames": []},
]
LOG = Log(
    [
        LogRecord(NOW, "info", "sales.total", "run r has 3 rows", {"rows": 3}),
        LogRecord(NOW, "error", "dagfloe.task", "Task failed with KeyError", {"error_detail": DETAIL}),
        LogRecord(NOW, "error", "sales.total", "odd", {"error_detail": "text"}),
    ]
)


def test_has() -> None:
    """One record has to match pattern, level and logger."""
    assert LOG.has("run .* has 3 rows", level="info", logger="sales.total")
    assert LOG.has("rows$")
    assert LOG.has(level="error")
    assert not LOG.has("^rows")
    assert not LOG.has("rows", level="error")
    assert not LOG.has("rows", logger="sales")
    assert [record.event for record in LOG.find(logger="sales.total")] == ["run r has 3 rows", "odd"]


def test_sequence() -> None:
    """A log is a sequence of its records."""
    assert len(LOG) == 3
    assert LOG[0].fields == {"rows": 3}
    assert list(LOG[1:]) == LOG.find(level="error")
    assert LOG.messages == ["run r has 3 rows", "Task failed with KeyError", "odd"]


def test_text() -> None:
    """The text has one line per record, and per exception the last line of the author's code."""
    assert LOG.text.splitlines() == [
        "info     sales.total: run r has 3 rows rows=3",
        "error    dagfloe.task: Task failed with KeyError",
        "         KeyError: 'x' (/home/ann/tasks.py:7 in load)",
        "         ValueError: no frames",
        "error    sales.total: odd",
        "         text",
    ]
    assert LOG.text in repr(LOG)
    assert repr(Log([])) == "<Log without records>"


JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(JSON)
def test_any_detail(detail: object) -> None:
    """Any exception detail, such as that of another SDK, can be shown."""
    record = LogRecord(NOW, "error", "x", "event", {"error_detail": detail})
    assert Log([record]).text.startswith("error    x: event")
