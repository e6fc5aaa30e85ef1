"""From the bundle's log lines to records, as the real supervisor would read them. Pure.

Forgiving where that one is, and strict where it would lose the task.
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

#: The logger of what the supervisor itself has to say.
SUPERVISOR = "supervisor"
#: The logger of records that name none.
TASK = "task"
#: Level names that are kept, and what they are called in the record. Others, `notset` too, drop the record.
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
#: Fields that clash with parameters of the supervisor's own functions.
CLASHING = ("target", "msg", "self", "method_name", "positional_args")
#: Fields that the supervisor's logger takes for itself, and that are in no record.
_TAKEN = ("exc_info", "logger_name", "stack_info")
_JWT = re.compile(r"eyJ[\w.-]*", re.ASCII)
_MAX_QUOTE = 200
_MAX_DEPTH = 200
_MAX_HIDDEN_DEPTH = 5


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record of a task's log. Secrets in it are masked.

    Attributes:
        timestamp: when it was made, as the bundle says; aware.
        level: critical, error, warning, info or debug.
        logger: the logger's name.
        event: the message.
        fields: the other fields; an exception is in `error_detail`.
    """

    timestamp: datetime
    level: str
    logger: str
    event: str
    fields: Mapping[str, Any] = field(default_factory=dict)


def supervisor_record(level: str, event: str, mask: Mask, clock: Clock = utc_now) -> LogRecord:
    """A record of what the supervisor has to say."""
    return LogRecord(clock(), level, SUPERVISOR, _clean(event, mask))


def end_record(exit_code: int, clock: Clock = utc_now) -> LogRecord:
    """The record of a process's end with a status other than 0, negative for a signal."""
    now = clock()
    if exit_code == -signal.SIGSEGV:
        return LogRecord(
            now, "critical", TASK, "Received SIGSEGV: native code of the task touched memory that is not its own"
        )
    return LogRecord(now, "warning", TASK, "Process exited abnormally", {"exit_code": exit_code})


def stream_record(stream: str, line: bytes, mask: Mask, clock: Clock = utc_now) -> LogRecord:
    """The record of a line that came on `stdout` or `stderr`."""
    level = "error" if stream == "stderr" else "info"
    event = _clean(line.rstrip().decode("utf-8", "replace"), mask)
    return LogRecord(clock(), level, f"task.{stream}", event)


def parse_line(line: bytes, mask: Mask, clock: Clock = utc_now) -> LogRecord | None:
    """Read one line of the logs socket.

    Args:
        line: the line, with or without its end.
        mask: removes secrets from a string.
        clock: gives the time of a record whose line names none.

    Returns:
        Its record; for a line that is not JSON, one of the supervisor's own; None when its level drops it.

    Raises:
        TaskLost: when it is a line over which the real supervisor loses the task.
    """
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()  # lone surrogates are no text
    except (ValueError, RecursionError):
        return supervisor_record("error", f"Malformed JSON log line: {_quote(line, mask)}", mask, clock)
    if not isinstance(value, dict):
        raise TaskLost(f"a log line is JSON, but no object: {_quote(line, mask)}")
    timestamp = _timestamp(value.pop("timestamp", None), mask, clock)
    if "level" not in value:
        raise TaskLost(f"a log line has no level: {_quote(line, mask)}")
    level = value.pop("level")
    if isinstance(level, (list, dict)):
        raise TaskLost(f"the level of a log line is a {type(level).__name__}")
    name = LEVELS.get(level) if isinstance(level, str) else None
    if name is None:
        return None
    for clashing in CLASHING:
        if clashing in value and (value[clashing] or clashing != "positional_args"):
            raise TaskLost(f"a log line has a field named {clashing!r}, which the supervisor takes for its own")
    exception = value.pop("exception", None)
    if exception:
        value["error_detail"] = exception
    event = value.pop("event", None) or ""
    logger = value.pop("logger", None) if "logger" in value else value.get("logger_name")
    return LogRecord(
        timestamp,
        name,
        TASK if logger is None else _clean(_text(logger), mask),
        _clean(_text(event), mask),
        {key: _masked(item, key, mask, 1) for key, item in value.items() if key not in _TAKEN},
    )


def _timestamp(value: Any, mask: Mask, clock: Clock) -> datetime:
    if not value:
        return clock()
    parsed = parse_rfc3339(value) if isinstance(value, str) else None
    if parsed is None:
        raise TaskLost(f"the timestamp of a log line is no RFC 3339 time: {mask(str(value))[:_MAX_QUOTE]!r}")
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _finite(text: str) -> float:
    value = float(text)
    if value - value != 0:
        raise ValueError(text)
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _quote(line: bytes, mask: Mask) -> str:
    """The line's beginning. Masked before it is cut, so that no half of a secret is left."""
    text = mask(line.rstrip().decode("utf-8", "replace"))
    return text if len(text) <= _MAX_QUOTE else f"{text[:_MAX_QUOTE]}... ({len(line)} bytes)"


def _clean(text: str, mask: Mask) -> str:
    """A text without what looks like a JSON Web Token, and without secrets."""
    return mask(_JWT.sub(f"eyJ{MASK}", text))


def _masked(value: Any, name: str, mask: Mask, depth: int) -> Any:
    if is_sensitive(name):
        return _hidden(value, depth)
    if depth > _MAX_DEPTH:
        return MASK
    if isinstance(value, str):
        return _clean(value, mask) if depth == 1 else mask(value)
    if isinstance(value, dict):
        return {key: _masked(item, key, mask, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, "", mask, depth + 1) for item in value]
    return value


def _hidden(value: Any, depth: int) -> Any:
    """A value whose name is telling: its texts are secret, and all that lies deep."""
    if isinstance(value, str) or depth > _MAX_HIDDEN_DEPTH:
        return MASK
    if isinstance(value, dict):
        return {key: _hidden(item, depth + 1) for key, item in value.items()}
    return [_hidden(item, depth + 1) for item in value] if isinstance(value, list) else value
