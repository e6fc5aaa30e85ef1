"""Formats values and exceptions from the wire. It never fails: what it does not understand is shown unchanged. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dagfloe.values.jsonable import ForeignValue
from dagfloe.values.serde import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How many exceptions of a chain are shown, and how many groups in groups.
_MAX_CHAIN, _MAX_GROUPS = 20, 20
_RUNTIME = "dagfloe/runtime/"


def format_exception(detail: Any) -> Iterator[str]:
    """Yield the lines of an exception: its frames and its message, then its causes.

    The frames of the runtime are left out, unless there are no others.

    Args:
        detail: the `error_detail` of a log record.
    """
    yield from _format_exception(detail, _MAX_GROUPS)


def _format_exception(detail: Any, groups: int) -> Iterator[str]:
    """Yield the lines of an exception.

    Args:
        detail: as for `format_exception`.
        groups: how many groups in groups are shown.
    """
    if detail is None:
        return
    if not isinstance(detail, list):
        yield format_value(detail)
        return
    for position, part in enumerate(detail[:_MAX_CHAIN]):
        if not isinstance(part, dict):
            yield format_value(part)
            continue
        if position:
            yield "caused by:" if part.get("is_cause") else "while handling:"
        frames = [frame for frame in _items(part, "frames") if isinstance(frame, dict)]
        # The author does not need to see what called the task's function.
        author_frames = [frame for frame in frames if _RUNTIME not in str(frame.get("filename"))]
        for frame in author_frames or frames:
            yield f"  {frame.get('filename')}:{frame.get('lineno')} in {frame.get('name')}"
        yield f"{part.get('exc_type')}: {part.get('exc_value')}"
        for note in _items(part, "exc_notes"):
            yield f"  {note}"
        if groups:
            for member in _items(part, "exceptions"):
                yield from (f"  | {line}" for line in _format_exception(member, groups - 1))


def _items(part: dict[Any, Any], name: str) -> list[Any]:
    """Return a list of an exception's parts. Another SDK may send a value of another type, which is its only item."""
    value = part.get(name)
    return value if isinstance(value, list) else [value] if value else []


def format_value(value: Any) -> str:
    """Return a string unchanged, and any other value as JSON, without the form that Airflow gives to other classes."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(decode(value, []), ensure_ascii=False, default=_simplify)
    except (TypeError, ValueError, RecursionError):
        return f"<{type(value).__name__}>"


def _simplify(value: Any) -> Any:
    if isinstance(value, ForeignValue):
        return value.data if value.is_readable else f"<{value.name}>"
    if isinstance(value, (set, frozenset)):
        return list(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
