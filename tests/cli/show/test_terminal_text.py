"""Tests of how records look on a terminal."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dagfloe.cli.show.terminal_text import one_line, record_lines, safe, shorten
from dagfloe.local.display import exception_lines, value_text
from dagfloe.local.log.records import LogRecord

WHEN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(st.characters(exclude_categories=())))
def test_safe(text: str) -> None:
    """No control character but the line end is left, and what is left can be encoded."""
    shown = safe(text)
    assert all(character == "\n" or unicodedata.category(character) not in ("Cc", "Cs") for character in shown)
    assert len(shown.encode()) >= len(text)
    assert "\n" not in one_line(text)


def test_safe_text_stays() -> None:
    """Ordinary text is not changed, brackets included; what would colour or rewind is shown."""
    assert safe("[bold]Grüße, 漢字 🎉\nnext") == "[bold]Grüße, 漢字 🎉\nnext"
    assert safe("\x1b[31mred\r\u202e\x9b") == "\\x1b[31mred\\r\\u202e\\x9b"


@given(st.text(), st.integers(1, 20))
def test_shorten(text: str, width: int) -> None:
    """A shortened text fits, and begins like the whole one."""
    short = shorten(text, width)
    assert len(short) <= width
    assert short == text or text.startswith(short[:-1])


@given(st.text(), st.dictionaries(st.text(), values, max_size=3), values)
def test_any_record(event: str, fields: dict[str, Any], detail: Any) -> None:
    """Any record can be shown, and its lines after the first one are indented."""
    record = LogRecord(WHEN, "info", "a", event, {**fields, "error_detail": detail})
    first, *rest = record_lines("t", record).split("\n")
    assert " info     t a: " in first
    assert all(line.startswith("    ") for line in rest)


def test_exception() -> None:
    """An exception is shown with its frames, notes and causes, one line each."""
    value_error = {"exc_type": "ValueError", "exc_value": "bad", "exc_notes": ["see there"]}
    group = {"exc_type": "OSError", "exc_value": "", "exceptions": [[{"exc_type": "E", "exc_value": "in"}]]}
    frame = {"filename": "tasks.py", "lineno": 5, "name": "load"}
    detail = [
        {**value_error, "is_cause": False, "frames": [frame]},
        {"exc_type": "KeyError", "exc_value": "'k'", "exc_notes": [], "is_cause": True, "frames": []},
        {**group, "is_cause": False},
    ]
    lines = record_lines("t", LogRecord(WHEN, "error", "a", "Oops", {"n": 5, "error_detail": detail})).split("\n")
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


def test_value_text() -> None:
    """Text is itself; other values are JSON, as far as they can be."""
    assert value_text("a") == "a"
    assert value_text({"ä": [1, None]}) == '{"ä": [1, null]}'
    loop: list[Any] = []
    loop.append(loop)
    assert value_text(loop) == "<list>"


def test_frames_of_the_runtime_are_left_out() -> None:
    """What called the author's function is not shown, unless there is nothing else."""
    frames = [
        {"filename": "/x/dagfloe/runtime/task_runner.py", "lineno": 1, "name": "run"},
        {"filename": "tasks.py", "lineno": 2, "name": "load"},
    ]
    for shown, told in (("tasks.py:2 in load", frames), ("task_runner.py:1 in run", frames[:1])):
        lines = list(exception_lines([{"exc_type": "E", "exc_value": "bad", "frames": told}]))
        assert len(lines) == 2
        assert lines[0].endswith(shown)
