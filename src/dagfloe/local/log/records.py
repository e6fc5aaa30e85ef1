"""Reads the bundle's log lines as the real supervisor does. Pure.

It accepts the lines that the real supervisor accepts, and raises an error where that one loses the task.
"""

from __future__ import annotations

import json
import re
import signal
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dagfloe.local.log.timestamps import parse_rfc3339
from dagfloe.local.task_lost import TaskLost
from dagfloe.masking import MASK, is_sensitive
from dagfloe.values.dates import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagfloe.values.dates import Clock

    Mask = Callable[[str], str]

#: The logger of the supervisor's own records.
SUPERVISOR = "supervisor"
#: The logger of records that do not name one.
TASK = "task"
#: The level of a record by the name in the line. A line with another level, such as `notset`, is dropped.
LEVELS = {
    "critical": "critical",
    "debug": "debug",
    "error": "error",
    "exception": "error",
    "fatal": "critical",
    "info": "info",
    "warn": "warning",
    "warning": "warning",
}
#: Fields with the names of parameters of the supervisor's own functions. They break its call.
RESERVED_FIELDS = ("target", "msg", "self", "method_name", "positional_args")
#: Fields that the supervisor's logger uses itself. They are not in the record.
_LOGGER_FIELDS = ("exc_info", "logger_name", "stack_info")
_JWT = re.compile(r"eyJ[\w.-]*", re.ASCII)
_MAX_QUOTE = 200
_MAX_DEPTH = 200
_MAX_SENSITIVE_DEPTH = 5


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record of a task's log. Secrets in it are masked.

    Attributes:
        timestamp: the time that the bundle gives it, aware.
        level: critical, error, warning, info or debug.
        logger: the logger's name.
        event: the message.
        fields: the other fields. An exception is in `error_detail`.
    """

    timestamp: datetime
    level: str
    logger: str
    event: str
    fields: Mapping[str, Any] = field(default_factory=dict)


def supervisor_record(level: str, event: str, mask: Mask, clock: Clock = utc_now) -> LogRecord:
    """Make a record of the supervisor itself."""
    return LogRecord(clock(), level, SUPERVISOR, _clean(event, mask))


def exit_record(exit_code: int, clock: Clock = utc_now) -> LogRecord:
    """Make the record about a process that ended with a status other than 0, negative for a signal."""
    now = clock()
    if exit_code == -signal.SIGSEGV:
        return LogRecord(
            now, "critical", TASK, "Received SIGSEGV: native code of the task touched memory that is not its own"
        )
    return LogRecord(now, "warning", TASK, "Process exited abnormally", {"exit_code": exit_code})


def stream_record(stream: str, line: bytes, mask: Mask, clock: Clock = utc_now) -> LogRecord:
    """Make the record of a line on `stdout` or `stderr`."""
    level = "error" if stream == "stderr" else "info"
    event = _clean(line.rstrip().decode("utf-8", "replace"), mask)
    return LogRecord(clock(), level, f"task.{stream}", event)


def parse_line(line: bytes, mask: Mask, clock: Clock = utc_now) -> LogRecord | None:
    """Read one line of the logs socket.

    Args:
        line: the line, with or without its end.
        mask: replaces the secrets in a string.
        clock: gives the time of a line without a timestamp.

    Returns:
        The record. A line that is not JSON becomes a record of the supervisor. None if the level drops the line.

    Raises:
        TaskLost: if the line makes the real supervisor lose the task.
    """
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_parse_finite)
        json.dumps(value, ensure_ascii=False).encode()  # refuses lone surrogates
    except (ValueError, RecursionError):
        return supervisor_record("error", f"Malformed JSON log line: {_quote(line, mask)}", mask, clock)
    if not isinstance(value, dict):
        raise TaskLost(f"a log line is JSON, but not an object: {_quote(line, mask)}")
    timestamp = _timestamp(value.pop("timestamp", None), mask, clock)
    if "level" not in value:
        raise TaskLost(f"a log line has no level: {_quote(line, mask)}")
    level = value.pop("level")
    if isinstance(level, (list, dict)):
        raise TaskLost(f"the level of a log line is a {type(level).__name__}")
    level_name = LEVELS.get(level) if isinstance(level, str) else None
    if level_name is None:
        return None
    for name in RESERVED_FIELDS:
        if name in value and (value[name] or name != "positional_args"):
            raise TaskLost(f"a log line has a field named {name!r}, which is a parameter of the supervisor's own")
    exception = value.pop("exception", None)
    if exception:
        value["error_detail"] = exception
    event = value.pop("event", None) or ""
    logger = value.pop("logger", None) if "logger" in value else value.get("logger_name")
    return LogRecord(
        timestamp,
        level_name,
        TASK if logger is None else _clean(_to_string(logger), mask),
        _clean(_to_string(event), mask),
        {mask(key): _mask_value(item, key, mask, 1) for key, item in value.items() if key not in _LOGGER_FIELDS},
    )


def _timestamp(value: Any, mask: Mask, clock: Clock) -> datetime:
    if not value:
        return clock()
    parsed = parse_rfc3339(value) if isinstance(value, str) else None
    if parsed is None:
        raise TaskLost(f"the timestamp of a log line is not an RFC 3339 time: {mask(str(value))[:_MAX_QUOTE]!r}")
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)


def _refuse_constant(constant: str) -> float:
    raise ValueError(constant)


def _parse_finite(text: str) -> float:
    value = float(text)
    if value - value != 0:
        raise ValueError(text)
    return value


def _to_string(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _quote(line: bytes, mask: Mask) -> str:
    """Return the start of a line. It is masked before it is cut, so that no part of a secret remains."""
    text = mask(line.rstrip().decode("utf-8", "replace"))
    return text if len(text) <= _MAX_QUOTE else f"{text[:_MAX_QUOTE]}... ({len(line)} bytes)"


def _clean(text: str, mask: Mask) -> str:
    """Replace the secrets in a string, and what looks like a JSON Web Token."""
    return mask(_JWT.sub(f"eyJ{MASK}", text))


def _mask_value(value: Any, name: str, mask: Mask, depth: int) -> Any:
    if is_sensitive(name):
        return _mask_all(value, mask, depth)
    if depth > _MAX_DEPTH:
        return MASK
    if isinstance(value, str):
        return _clean(value, mask) if depth == 1 else mask(value)
    if isinstance(value, dict):
        return {mask(key): _mask_value(item, key, mask, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask_value(item, "", mask, depth + 1) for item in value]
    return value


def _mask_all(value: Any, mask: Mask, depth: int) -> Any:
    """Mask the strings of a value with a sensitive name, and everything that is nested deeply."""
    if isinstance(value, str) or depth > _MAX_SENSITIVE_DEPTH:
        return MASK
    if isinstance(value, dict):
        return {mask(key): _mask_all(item, mask, depth + 1) for key, item in value.items()}
    return [_mask_all(item, mask, depth + 1) for item in value] if isinstance(value, list) else value
