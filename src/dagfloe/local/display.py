"""What tasks say as text: values and exceptions. Pure; whatever came over the wire is shown, never refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_CHAIN = 20
_RUNTIME = "dagfloe/runtime/"


def exception_lines(detail: Any) -> Iterator[str]:
    """An exception's frames and message; its causes follow. Whatever else stands there is shown as it is.

    The frames of the runtime are left out, where there are others.
    """
    if detail is None:
        return
    if not isinstance(detail, list):
        yield value_text(detail)
        return
    for position, part in enumerate(detail[:_MAX_CHAIN]):
        if not isinstance(part, dict):
            yield value_text(part)
            continue
        if position:
            yield "caused by:" if part.get("is_cause") else "while handling:"
        frames = [frame for frame in part.get("frames") or [] if isinstance(frame, dict)]
        # What called the author's function is of no use to the author.
        for frame in [each for each in frames if _RUNTIME not in str(each.get("filename"))] or frames:
            yield f"  {frame.get('filename')}:{frame.get('lineno')} in {frame.get('name')}"
        yield f"{part.get('exc_type')}: {part.get('exc_value')}"
        for note in part.get("exc_notes") or []:
            yield f"  {note}"
        for member in part.get("exceptions") or []:
            yield from (f"  | {line}" for line in exception_lines(member))


def value_text(value: Any) -> str:
    """A value as text: text as it is, everything else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return f"<{type(value).__name__}>"
