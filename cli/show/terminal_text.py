"""Makes strings from tasks and bundle files safe to print: no control characters, and no more than fits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagfloe.constants import FAILED, REMOVED, RUNNING, SKIPPED, SUCCESS, UPSTREAM_FAILED
from dagfloe.local.display import format_exception, format_value

if TYPE_CHECKING:
    from dagfloe.local.log.records import LogRecord

# C0 except tab and line feed, DEL, C1, lone surrogates, and what changes the direction of text.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INDENT = "    "
_LONG_WAIT_S = 5.0

STATE_COLORS = {
    SUCCESS: "green",
    SKIPPED: "cyan",
    RUNNING: "yellow",
    FAILED: "red",
    UPSTREAM_FAILED: "magenta",
    REMOVED: "red",
}


def escape_controls(text: str) -> str:
    """Replace control characters by escapes, and tabs by spaces. Line ends stay."""
    return _UNSAFE.sub(lambda match: ascii(match[0])[1:-1], text).replace("\t", "    ")


def to_one_line(text: str) -> str:
    """Escape control characters, and join all lines with spaces."""
    return " ".join(escape_controls(text).split())


def shorten(text: str, width: int) -> str:
    """Cut a string to at most `width` characters, the last one an ellipsis."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def format_record(name: str, record: LogRecord) -> str:
    """Format a log record: time, level, task instance, logger, event and fields, then the exception, indented."""
    fields = " ".join(
        f"{to_one_line(field)}={to_one_line(format_value(value))}"
        for field, value in record.fields.items()
        if field != "error_detail"
    )
    head = (
        f"{record.timestamp.astimezone():%H:%M:%S.%f}"[:12]
        + f" {record.level:<8} {to_one_line(name)} {to_one_line(record.logger)}: {record.event}"
    )
    lines = [head + (f"  {fields}" if fields else ""), *format_exception(record.fields.get("error_detail"))]
    return escape_controls("\n".join(lines)).replace("\n", f"\n{_INDENT}")


def format_wait(seconds: float, declared: float) -> str:
    """Format the wait before a task instance runs again.

    Args:
        seconds: the wait, in seconds.
        declared: the wait that the Dag or the task declares, which `--max-wait` may have shortened.
    """
    if declared > seconds:
        return f"runs again in {seconds:g} s (the Dag says {declared:g} s)"
    hint = " (--max-wait shortens this)" if seconds > _LONG_WAIT_S else ""
    return f"runs again in {seconds:g} s{hint}"
