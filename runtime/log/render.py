"""From a log record to the line that goes to the supervisor. Pure.

The supervisor loses the whole task over a line that it half understands: JSON that is no object, no valid level, a
time that does not parse, a field named like one of its own. This module is incapable of such lines. One line is::

    {"timestamp": RFC 3339, "level": name, "logger": name, "event": text, "exception": [...], other fields}
"""

from __future__ import annotations

import logging
import time
import traceback

# What `json` has it from; `json` itself costs every task 1 ms, and only records with more than a text need it.
from _json import encode_basestring_ascii as _quote
from datetime import datetime, timezone
from functools import cache

from dagfloe.runtime.log.levels import level_name
from dagfloe.runtime.log.sanitizer import Reducer, text_of, unique

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from json import JSONEncoder
    from types import TracebackType
    from typing import Any

    from dagfloe.runtime.log.sanitizer import Mask

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
#: Exceptions of a record, those of groups and what led to them included.
MAX_EXCEPTIONS = 50
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
        event = f"{text_of(record.msg, mask)} (its arguments do not fit: {type(error).__name__})"
    try:
        own = vars(record)
        fields = {} if own.keys() <= _STANDARD else {name: own[name] for name in own if name not in _STANDARD}
        details = record.exc_info[1:2] if isinstance(record.exc_info, tuple) else ()
        exception = details[0] if details and isinstance(details[0], BaseException) else None
        stack = record.exc_text if record.stack_info is None and exception is None else record.stack_info
        if stack is not None:
            fields["stack"] = stack
        return render(record.created, level_name(record.levelno), record.name, event, mask, fields, exception)
    except Exception as error:  # noqa: BLE001 - a record whose own attributes are odd, made by hand
        event = f"{text_of(event, mask)} (the rest of this record cannot be told: {type(error).__name__})"
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
    timestamp, logger, event = _timestamp(created), text_of(logger, mask), text_of(event, mask)
    if not fields and exception is None:  # nearly all lines; the same text as below, in a third of the time
        head = f'{{"timestamp": "{timestamp}", "level": "{level}"'
        return f'{head}, "logger": {_quote(logger)}, "event": {_quote(event)}}}\n'.encode()
    line: dict[str, Any] = {"timestamp": timestamp, "level": level, "logger": logger, "event": event}
    if fields:
        reducer = Reducer(mask)
        for name, value in fields.items():
            line[unique(text_of(name, mask), line, RESERVED)] = reducer.reduce(value)
    if exception is not None:
        try:
            line["exception"] = describe_exception(exception, mask)
        except Exception as error:  # noqa: BLE001 - an exception whose attributes raise
            line["exception_left_out"] = f"{type(exception).__name__} ({type(error).__name__} while describing it)"
    return _encoder().encode(line).encode() + b"\n"


@cache
def _encoder() -> JSONEncoder:
    """Made once: `json.dumps` makes an encoder for every call that is not all defaults."""
    from json import JSONEncoder  # noqa: PLC0415 - see above

    return JSONEncoder(allow_nan=False)


def _timestamp(created: float) -> str:
    try:
        return datetime.fromtimestamp(created, tz=timezone.utc).isoformat()
    except (ValueError, OverflowError, OSError, TypeError):
        return datetime.now(tz=timezone.utc).isoformat()


def describe_exception(exception: BaseException, mask: Mask, seen: set[int] | None = None) -> list[dict[str, object]]:
    """An exception and its causes as Airflow's web page reads them: the raised one first, then what led to it.

    Args:
        exception: the exception that was raised.
        mask: removes secrets from a text.
        seen: ids of the exceptions that were described before, and are left out.
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
    shown = [text_of(note, mask) for note in notes] if isinstance(notes, list) else []
    members = _attribute(exception, "exceptions")
    is_group = isinstance(members, tuple) and all(isinstance(member, BaseException) for member in members)
    chains = (
        [describe_exception(member, mask, seen) for member in members]
        if isinstance(members, tuple) and is_group
        else []
    )
    told = [chain for chain in chains if chain]
    if len(told) < len(chains):
        shown.append(f"... {len(chains) - len(told)} more exceptions, or told elsewhere ...")
    return {
        "exc_type": type(exception).__name__,
        "exc_value": text_of(exception, mask),
        "exc_notes": shown,
        "syntax_error": _describe_syntax(exception, mask) if isinstance(exception, SyntaxError) else None,
        "is_cause": is_cause,
        "frames": _describe_frames(exception.__traceback__, mask),
        "is_group": is_group,
        "exceptions": told,
    }


def _attribute(exception: BaseException, name: str) -> object:
    try:
        return getattr(exception, name, None)
    except Exception:  # noqa: BLE001 - a property of the author's
        return None


def _describe_syntax(error: SyntaxError, mask: Mask) -> dict[str, object]:
    """Where a SyntaxError is. Parsers other than Python's own put values of any type into it."""
    reducer = Reducer(mask)
    lineno, offset = reducer.reduce(error.lineno), reducer.reduce(error.offset)
    return {
        "offset": offset if isinstance(offset, int) else 0,
        "filename": text_of("?" if error.filename is None else error.filename, mask),
        "line": text_of("" if error.text is None else error.text, mask),
        "lineno": lineno if isinstance(lineno, int) else 0,
        "msg": text_of(error.msg, mask),
    }


def _describe_frames(stack: TracebackType | None, mask: Mask) -> list[dict[str, object]]:
    """The frames, outermost first; of a very deep stack, the first and the last ones."""
    frames = list(traceback.walk_tb(stack))
    half = MAX_FRAMES // 2
    cut = len(frames) > MAX_FRAMES
    told: list[dict[str, object]] = [
        {
            "filename": text_of(frame.f_code.co_filename, mask),
            "lineno": lineno or 0,
            "name": text_of(frame.f_code.co_name, mask),
        }
        for frame, lineno in (frames[:half] + frames[-half:] if cut else frames)
    ]
    if cut:
        told.insert(half, {"filename": "", "lineno": 0, "name": f"... {len(frames) - 2 * half} more frames ..."})
    return told
