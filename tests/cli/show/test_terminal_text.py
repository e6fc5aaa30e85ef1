"""Strings and log records on a terminal."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.cli.show.terminal_text import escape_controls, format_record, format_wait, shorten, to_one_line
from dagfloe.local.log.records import LogRecord

WHEN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(st.characters(exclude_categories=())))
def test_any_string(text: str) -> None:
    """Only line ends remain of all control characters, and the result can be encoded."""
    shown = escape_controls(text)
    assert all(character == "\n" or unicodedata.category(character) not in ("Cc", "Cs") for character in shown)
    assert len(shown.encode()) >= len(text)
    assert "\n" not in to_one_line(text)


def test_ordinary_text_does_not_change() -> None:
    """Ordinary text stays, brackets included. Control sequences become escapes."""
    assert escape_controls("[bold]Grüße, 漢字 🎉\nnext") == "[bold]Grüße, 漢字 🎉\nnext"
    assert escape_controls("\x1b[31mred\r\u202e\x9b") == "\\x1b[31mred\\r\\u202e\\x9b"


@given(st.text(), st.integers(1, 20))
def test_shorten(text: str, width: int) -> None:
    """A shortened string fits, and is the beginning of the whole one."""
    short = shorten(text, width)
    assert len(short) <= width
    assert short == text or text.startswith(short[:-1])


@given(st.text(), st.dictionaries(st.text(), values, max_size=3), values)
def test_any_record(event: str, fields: dict[str, Any], detail: Any) -> None:
    """Any log record can be formatted. All lines but the first are indented."""
    record = LogRecord(WHEN, "info", "a", event, {**fields, "error_detail": detail})
    first, *rest = format_record("t", record).split("\n")
    assert " info     t a: " in first
    assert all(line.startswith("    ") for line in rest)


def test_exception() -> None:
    """An exception has a line for each frame, note and cause."""
    value_error = {"exc_type": "ValueError", "exc_value": "bad", "exc_notes": ["see there"]}
    group = {"exc_type": "OSError", "exc_value": "", "exceptions": [[{"exc_type": "E", "exc_value": "in"}]]}
    frame = {"filename": "tasks.py", "lineno": 5, "name": "load"}
    detail = [
        {**value_error, "is_cause": False, "frames": [frame]},
        {"exc_type": "KeyError", "exc_value": "'k'", "exc_notes": [], "is_cause": True, "frames": []},
        {**group, "is_cause": False},
    ]
    lines = format_record("t", LogRecord(WHEN, "error", "a", "Oops", {"n": 5, "error_detail": detail})).split("\n")
    assert lines[0].endswith("error    t a: Oops  n=5")
    assert [line.removeprefix("    ") for line in lines[1:]] == [
        "  tasks.py:5 in load",
        "ValueError: bad",
        "  see there",
        "caused by:",
        "KeyError: 'k'",
        "while handling:",
        "OSError: ",
        "  | E: in",
    ]


@pytest.mark.parametrize(
    ("seconds", "declared", "line"),
    [
        (2, 2, "runs again in 2 s"),
        (300, 300, "runs again in 300 s (--max-wait shortens this)"),
        (0.5, 300, "runs again in 0.5 s (the Dag says 300 s)"),
    ],
)
def test_wait(seconds: float, declared: float, line: str) -> None:
    """A long wait comes with the option that shortens it, and a shortened one with the declared wait."""
    assert format_wait(seconds, declared) == line
