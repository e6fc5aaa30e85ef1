"""Values and exceptions of tasks as strings."""

from __future__ import annotations

from typing import Any

import pytest

from dagfloe.local.display import format_exception, format_value


def test_value_text() -> None:
    """A string does not change. Other values become JSON if they can."""
    assert format_value("a") == "a"
    assert format_value({"ä": [1, None]}) == '{"ä": [1, null]}'
    at = {"__classname__": "datetime.date", "__version__": 2, "__data__": "2026-07-01"}
    group = {"__classname__": "builtins.set", "__version__": 1, "__data__": [1]}
    number = {"__classname__": "decimal.Decimal", "__version__": 1, "__data__": "1.50"}
    order = {"__classname__": "shop.Order", "__version__": 1, "__data__": {"at": at}}
    frame = {"__classname__": "pandas.DataFrame", "__version__": 9, "__data__": "00"}
    assert format_value([at, group, number]) == '["2026-07-01", [1], "1.50"]'
    assert format_value([order, frame]) == '[{"at": "2026-07-01"}, "<pandas.DataFrame>"]'
    loop: list[Any] = []
    loop.append(loop)
    assert format_value(loop) == "<list>"


def test_frames_of_the_runtime() -> None:
    """A traceback leaves out the frames of dagfloe's runtime, unless there are no others."""
    runtime = {"filename": "/x/dagfloe/runtime/task_runner.py", "lineno": 1, "name": "run"}
    task = {"filename": "tasks.py", "lineno": 2, "name": "load"}
    for frames, line in (([runtime, task], "tasks.py:2 in load"), ([runtime], "task_runner.py:1 in run")):
        lines = list(format_exception([{"exc_type": "E", "exc_value": "bad", "frames": frames}]))
        assert len(lines) == 2
        assert lines[0].endswith(line)


def nested(depth: int) -> Any:
    """Groups of exceptions in groups."""
    detail: Any = []
    for _ in range(depth):
        detail = [{"exc_type": "ExceptionGroup", "exceptions": [detail]}]
    return detail


@pytest.mark.parametrize("odd", [5, 1.5, True, "text", {"a": 1}, [5, None, "x", {}], [[]], None])
@pytest.mark.parametrize("field", ["frames", "exc_notes", "exceptions", "exc_type", "exc_value", "is_cause"])
def test_exceptions_of_other_sdks(field: str, odd: object) -> None:
    """A part of an exception that has another type than dagfloe's is shown, and breaks nothing."""
    lines = list(format_exception([{"exc_type": "E", "exc_value": "bad", field: odd}, {"frames": [odd, {field: odd}]}]))
    assert all(isinstance(line, str) for line in lines)
    if field not in ("exc_type", "exc_value"):
        assert "E: bad" in lines


def test_deep_groups() -> None:
    """Of groups of exceptions in groups, the first levels are shown."""
    assert len(list(format_exception(nested(5000)))) == 21
