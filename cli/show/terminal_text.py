"""What tasks say, made fit for a terminal: records as lines, nothing that moves the cursor, nothing cut in half."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagfloe.local.display import exception_lines, value_text

if TYPE_CHECKING:
    from dagfloe.local.log.records import LogRecord

# C0 but tab and line feed, DEL, C1, lone surrogates, and what turns the direction of text around.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INDENT = "    "

STATE_COLORS = {
    "success": "green",
    "skipped": "cyan",
    "running": "yellow",
    "failed": "red",
    "upstream_failed": "magenta",
    "removed": "red",
}


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
