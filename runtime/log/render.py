"""Renders log records as the lines that go to the supervisor. Pure.

A malformed line makes the supervisor lose the whole task: JSON that is not an object, an unknown level, a time that it
cannot parse, a field with a name that it uses itself. This module cannot make such lines. A line is::

    {"timestamp": RFC 3339, "level": name, "logger": name, "event": message, "exception": [...], other fields}
"""

from __future__ import annotations

import logging
import time
import traceback

# `json` uses this function. `json` itself takes 1 ms in every task, and only records with extra fields need it.
from _json import encode_basestring_ascii as _quote
from datetime import datetime, timezone
from functools import cache

from dagfloe.runtime.log.levels import level_name
from dagfloe.runtime.log.sanitizer import Sanitizer, safe_string, unique_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from json import JSONEncoder
    from types import TracebackType
    from typing import Any

    from dagfloe.runtime.log.sanitizer import Mask

#: Names that the supervisor, or structlog inside it, uses itself. Fields with such a name get a `_` appended.
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
        "logger_name",
        "method_name",
        "msg",
        "positional_args",
        "self",
        "stack_info",
        "target",
        "timestamp",
    }
)
MAX_FRAMES = 50
#: The exceptions of a record, including members of groups, causes and contexts.
MAX_EXCEPTIONS = 50
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def render_record(record: logging.LogRecord, mask: Mask) -> bytes:
    """Render a record, with its extra fields and its exception. Never raises.

    Args:
        record: any record, also one with attributes of the wrong types.
        mask: masks the secrets in a string.
    """
    try:
        event = record.getMessage()
    except Exception as error:  # noqa: BLE001 - arguments that do not fit the format, or a __str__ that raises
        event = f"{safe_string(record.msg, mask)} (its arguments do not fit: {type(error).__name__})"
    try:
        own = vars(record)
        fields = {} if own.keys() <= _STANDARD else {name: own[name] for name in own if name not in _STANDARD}
        details = record.exc_info[1:2] if isinstance(record.exc_info, tuple) else ()
        exception = details[0] if details and isinstance(details[0], BaseException) else None
        stack = record.exc_text if record.stack_info is None and exception is None else record.stack_info
        if stack is not None:
            fields["stack"] = stack
        return render(record.created, level_name(record.levelno), record.name, event, mask, fields, exception)
    except Exception as error:  # noqa: BLE001 - attributes of the wrong types, in a record that the author made
        event = f"{safe_string(event, mask)} (the rest of this record cannot be shown: {type(error).__name__})"
        return render(time.time(), "error", record.name, event, mask)


def render(
    created: float,
    level: str,
    logger: str,
    event: str,
    mask: Mask,
    fields: Mapping[str, object] | None = None,
    exception: BaseException | None = None,
) -> bytes:
    """Render one line, with its newline. Never raises; values that do not fit are shortened.

    Args:
        created: the time, in seconds since 1970.
        level: a level name that the supervisor accepts.
        logger: the logger's name.
        event: the message.
        mask: masks the secrets in a string.
        fields: other fields.
        exception: an exception; the line holds its stack in the structured form that Airflow's web page shows.
    """
    timestamp, logger, event = _timestamp(created), safe_string(logger, mask), safe_string(event, mask)
    if not fields and exception is None:  # nearly all lines; same result as below, in a third of the time
        head = f'{{"timestamp": "{timestamp}", "level": "{level}"'
        return f'{head}, "logger": {_quote(logger)}, "event": {_quote(event)}}}\n'.encode()
    line: dict[str, Any] = {"timestamp": timestamp, "level": level, "logger": logger, "event": event}
    if fields:
        sanitizer = Sanitizer(mask)
        for name, value in fields.items():
            line[unique_name(safe_string(name, mask), line, RESERVED)] = sanitizer.sanitize(value)
    if exception is not None:
        try:
            line["exception"] = describe_exception(exception, mask)
        except Exception as error:  # noqa: BLE001 - attributes of the exception may raise
            line["exception_left_out"] = f"{type(exception).__name__} ({type(error).__name__} while describing it)"
    return _encoder().encode(line).encode() + b"\n"


@cache
def _encoder() -> JSONEncoder:
    """The encoder, made once. `json.dumps` makes one for every call with an argument other than the default."""
    from json import JSONEncoder  # noqa: PLC0415 - slow to import

    return JSONEncoder(allow_nan=False)


def _timestamp(created: float) -> str:
    try:
        return datetime.fromtimestamp(created, tz=timezone.utc).isoformat()
    except (ValueError, OverflowError, OSError, TypeError):
        return datetime.now(tz=timezone.utc).isoformat()


def describe_exception(exception: BaseException, mask: Mask, seen: set[int] | None = None) -> list[dict[str, object]]:
    """Describe an exception for Airflow's web page: the raised exception first, then its causes and contexts.

    Args:
        exception: the exception that was raised.
        mask: masks the secrets in a string.
        seen: the ids of exceptions that are already described; they are left out.
    """
    seen = set() if seen is None else seen
    chain: list[dict[str, object]] = []
    current: BaseException | None = exception
    is_cause = False
    while current is not None and id(current) not in seen and len(seen) < MAX_EXCEPTIONS:
        seen.add(id(current))
        chain.append(_describe_one(current, mask, seen, is_cause=is_cause))
        is_cause = current.__cause__ is not None
        current = current.__cause__ if is_cause or current.__suppress_context__ else current.__context__
    return chain


def _describe_one(exception: BaseException, mask: Mask, seen: set[int], *, is_cause: bool) -> dict[str, object]:
    notes = _attribute(exception, "__notes__")
    safe_notes = [safe_string(note, mask) for note in notes] if isinstance(notes, list) else []
    members = _attribute(exception, "exceptions")
    is_group = isinstance(members, tuple) and all(isinstance(member, BaseException) for member in members)
    chains = (
        [describe_exception(member, mask, seen) for member in members]
        if isinstance(members, tuple) and is_group
        else []
    )
    described = [chain for chain in chains if chain]
    if len(described) < len(chains):
        safe_notes.append(f"... {len(chains) - len(described)} more exceptions, or shown elsewhere ...")
    return {
        "exc_type": type(exception).__name__,
        "exc_value": safe_string(exception, mask),
        "exc_notes": safe_notes,
        "syntax_error": _describe_syntax(exception, mask) if isinstance(exception, SyntaxError) else None,
        "is_cause": is_cause,
        "frames": _describe_frames(exception.__traceback__, mask),
        "is_group": is_group,
        "exceptions": described,
    }


def _attribute(exception: BaseException, name: str) -> object:
    try:
        return getattr(exception, name, None)
    except Exception:  # noqa: BLE001 - the author's property may raise
        return None


def _describe_syntax(error: SyntaxError, mask: Mask) -> dict[str, object]:
    """Describe the place of a SyntaxError. Parsers other than Python's own set attributes of any type."""
    sanitizer = Sanitizer(mask)
    lineno, offset = sanitizer.sanitize(error.lineno), sanitizer.sanitize(error.offset)
    return {
        "offset": offset if isinstance(offset, int) else 0,
        "filename": safe_string("?" if error.filename is None else error.filename, mask),
        "line": safe_string("" if error.text is None else error.text, mask),
        "lineno": lineno if isinstance(lineno, int) else 0,
        "msg": safe_string(error.msg, mask),
    }


def _describe_frames(stack: TracebackType | None, mask: Mask) -> list[dict[str, object]]:
    """Describe the frames, outermost first. Of a very deep stack, only the first and last frames are kept."""
    frames = list(traceback.walk_tb(stack))
    half = MAX_FRAMES // 2
    cut = len(frames) > MAX_FRAMES
    described: list[dict[str, object]] = [
        {
            "filename": safe_string(frame.f_code.co_filename, mask),
            "lineno": lineno or 0,
            "name": safe_string(frame.f_code.co_name, mask),
        }
        for frame, lineno in (frames[:half] + frames[-half:] if cut else frames)
    ]
    if cut:
        described.insert(half, {"filename": "", "lineno": 0, "name": f"... {len(frames) - 2 * half} more frames ..."})
    return described
