"""From a log record to the line that goes to the supervisor. Pure.

The supervisor loses the whole task over a line that it half understands: JSON that is no object, no valid level, a
time that does not parse, a field named like one of its own. This module is incapable of such lines. One line is::

    {"timestamp": RFC 3339, "level": name, "logger": name, "event": text, "exception": [...], other fields}
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import datetime, timezone

from dagfloe.runtime.levels import level_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any

    Mask = Callable[[str], str]

#: Names that the supervisor, or structlog inside it, takes for its own. A field of such a name gets a `_` appended.
RESERVED = frozenset(
    {
        "_from_structlog",
        "_record",
        "error_detail",
        "event",
        "event_dict",
        "exc_info",
        "exception",
        "level",
        "logger",
        "method_name",
        "msg",
        "positional_args",
        "self",
        "stack_info",
        "target",
        "timestamp",
    }
)
MAX_DEPTH = 8
MAX_FRAMES = 50
MAX_TEXT = 64 * 1024
_MAX_CHAIN = 20
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def render_record(record: logging.LogRecord, mask: Mask) -> bytes:
    """The line of a record, with its extra fields and its exception. Never raises.

    Args:
        record: any record, however odd.
        mask: removes secrets from a text.
    """
    try:
        event = record.getMessage()
    except Exception as error:  # noqa: BLE001 - arguments that do not fit the format, a __str__ that raises
        event = (
            f"{record.msg if isinstance(record.msg, str) else type(record.msg).__name__} (its arguments do not "
            f"fit: {type(error).__name__})"
        )
    fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    if record.stack_info:
        fields["stack"] = record.stack_info
    exception = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    return render(record.created, level_name(record.levelno), record.name, event, mask, fields, exception)


def render(
    created: float,
    level: str,
    logger: str,
    event: str,
    mask: Mask,
    fields: Mapping[str, object] | None = None,
    exception: BaseException | None = None,
) -> bytes:
    """One line, with its newline. Never raises; what cannot be told in full is told in a reduced form.

    Args:
        created: seconds since 1970.
        level: a level name that the supervisor keeps.
        logger: the logger's name.
        event: the message.
        mask: removes secrets from a text.
        fields: other fields.
        exception: an exception whose stack is told in the structured form that Airflow's web page shows.
    """
    line: dict[str, Any] = {
        "timestamp": _timestamp(created),
        "level": level,
        "logger": _text(logger, mask),
        "event": _text(event, mask),
    }
    try:
        for name, value in (fields or {}).items():
            line[_field_name(name, line)] = _plain(value, mask, 0)
    except Exception as error:  # noqa: BLE001 - a mapping of the author's that raises
        line["fields_left_out"] = type(error).__name__
    if exception is not None:
        try:
            line["exception"] = describe_exception(exception, mask)
        except Exception as error:  # noqa: BLE001 - an exception whose attributes raise
            line["exception_left_out"] = f"{type(exception).__name__} ({type(error).__name__} while describing it)"
    return json.dumps(line, allow_nan=False).encode() + b"\n"


def _timestamp(created: float) -> str:
    try:
        return datetime.fromtimestamp(created, tz=timezone.utc).isoformat()
    except (ValueError, OverflowError, OSError, TypeError):
        return datetime.now(tz=timezone.utc).isoformat()


def _field_name(name: object, taken: Mapping[str, object]) -> str:
    text = str(name).encode("utf-8", "backslashreplace").decode()
    while text in RESERVED or text in taken:
        text += "_"
    return text


def _text(text: str, mask: Mask) -> str:
    """Text that UTF-8 and the log pages stand: no lone surrogates, no megabytes, no secrets."""
    masked = mask(str(text))
    if len(masked) > MAX_TEXT:
        masked = f"{masked[:MAX_TEXT]}... ({len(masked)} characters)"
    return masked if masked.isascii() else masked.encode("utf-8", "backslashreplace").decode()


def _plain(value: object, mask: Mask, depth: int) -> object:
    """A value that JSON has, close to the given one."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return _text(value, mask)
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return int(value)
    if isinstance(value, float) and value - value == 0:
        return float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if depth < MAX_DEPTH:
        if isinstance(value, dict):
            return {_text(str(key), mask): _plain(item, mask, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [_plain(item, mask, depth + 1) for item in value]
    return _text(_safe(repr, value), mask)


def _safe(function: Callable[[object], str], value: object) -> str:
    try:
        return str(function(value))
    except Exception as error:  # noqa: BLE001 - a __repr__ or __str__ of the author's
        return f"<{type(value).__name__}, {type(error).__name__} in its {function.__name__}()>"


def describe_exception(exception: BaseException, mask: Mask) -> list[dict[str, object]]:
    """An exception and its causes as Airflow's web page reads them: the raised one first, then what led to it.

    Args:
        exception: the exception that was raised.
        mask: removes secrets from a text.
    """
    chain: list[dict[str, object]] = []
    seen: set[int] = set()
    current: BaseException | None = exception
    is_cause = False
    while current is not None and id(current) not in seen and len(chain) < _MAX_CHAIN:
        seen.add(id(current))
        chain.append(_describe_one(current, mask, is_cause=is_cause))
        is_cause = current.__cause__ is not None
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def _describe_one(exception: BaseException, mask: Mask, *, is_cause: bool) -> dict[str, object]:
    notes = getattr(exception, "__notes__", None)
    members = getattr(exception, "exceptions", None)
    is_group = isinstance(members, tuple) and all(isinstance(member, BaseException) for member in members)
    return {
        "exc_type": type(exception).__name__,
        "exc_value": _text(_safe(str, exception), mask),
        "exc_notes": [_text(_safe(str, note), mask) for note in notes] if isinstance(notes, list) else [],
        "syntax_error": _describe_syntax(exception, mask) if isinstance(exception, SyntaxError) else None,
        "is_cause": is_cause,
        "frames": _describe_frames(exception.__traceback__),
        "is_group": is_group,
        "exceptions": [describe_exception(member, mask) for member in members] if is_group and members else [],
    }


def _describe_syntax(error: SyntaxError, mask: Mask) -> dict[str, object]:
    return {
        "offset": error.offset or 0,
        "filename": error.filename or "?",
        "line": _text(error.text or "", mask),
        "lineno": error.lineno or 0,
        "msg": _text(error.msg or "", mask),
    }


def _describe_frames(stack: TracebackType | None) -> list[dict[str, object]]:
    """The frames, outermost first; of a very deep stack, the first and the last ones."""
    frames: list[dict[str, object]] = [
        {"filename": frame.f_code.co_filename, "lineno": lineno or 0, "name": frame.f_code.co_name}
        for frame, lineno in traceback.walk_tb(stack)
    ]
    if len(frames) <= MAX_FRAMES:
        return frames
    half = MAX_FRAMES // 2
    hidden = {"filename": "", "lineno": 0, "name": f"... {len(frames) - 2 * half} more frames ..."}
    return [*frames[:half], hidden, *frames[-half:]]
