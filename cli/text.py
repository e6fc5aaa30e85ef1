"""What tasks say, made fit for a terminal: records as lines, nothing that moves the cursor, nothing cut in half."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagfloe.local.records import LogRecord

# C0 but tab and line feed, DEL, C1, lone surrogates, and what turns the direction of text around.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INDENT = "    "
_MAX_CHAIN = 20


def safe(text: str) -> str:
    """The text with control characters shown as escapes; tabs are spaces, line ends are kept."""
    return _UNSAFE.sub(lambda match: ascii(match[0])[1:-1], text).replace("\t", "    ")


def one_line(text: str) -> str:
    """The safe text on one line."""
    return " ".join(safe(text).split())


def shorten(text: str, width: int) -> str:
    """The text in at most so many characters."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def record_lines(task_id: str, record: LogRecord) -> str:
    """A record as it is printed: time, level, task, logger, event and fields, then the exception, indented."""
    fields = " ".join(
        f"{one_line(name)}={one_line(value_text(value))}"
        for name, value in record.fields.items()
        if name != "error_detail"
    )
    head = (
        f"{record.timestamp.astimezone():%H:%M:%S.%f}"[:12]
        + f" {record.level:<8} {one_line(task_id)} {one_line(record.logger)}: {record.event}"
    )
    lines = [head + (f"  {fields}" if fields else ""), *exception_lines(record.fields.get("error_detail"))]
    return safe("\n".join(lines)).replace("\n", f"\n{_INDENT}")


def exception_lines(detail: Any) -> Iterator[str]:
    """An exception's frames and message; its causes follow. Whatever else stands there is shown as it is."""
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
        for frame in part.get("frames") or []:
            if isinstance(frame, dict):
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
