"""Renders log records as the lines that go to the supervisor. Pure.

A malformed line makes the supervisor lose the whole task: JSON that is not an object, an unknown level, a time that it
cannot parse, a field with a name that it uses itself. This module cannot make such lines. A line is::

    {"timestamp": RFC 3339, "level": name, "logger": name, "event": message, "exception": [...], other fields}
"""

from __future__ import annotations

import logging
import time

# `json` uses these functions. `json` itself takes 1 ms in every task, and importing it later may fail, because the task
# may have used up its file descriptors.
from _json import encode_basestring_ascii as _quote
from _json import make_encoder
from datetime import datetime, timezone

from dagfloe.runtime.log.levels import level_name
from dagfloe.runtime.log.sanitizer import Sanitizer, class_name, is_stop, safe_string, unique_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
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
MAX_NOTES = 50
#: The characters of a description, in all strings together.
MAX_CHARACTERS = 1 << 20
#: The exceptions of a record, including members of groups, causes and contexts.
MAX_EXCEPTIONS = 50
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
#: The attributes of an exception, however its class overrides them.
_ATTRIBUTES = vars(BaseException)
_CAUSE, _CONTEXT, _HAS_NO_CONTEXT, _TRACEBACK = (
    _ATTRIBUTES[name].__get__ for name in ("__cause__", "__context__", "__suppress_context__", "__traceback__")
)
#: Makes JSON, as `json.dumps(value, allow_nan=False)` does: with no indentation, and keys in their order.
_encode = make_encoder(None, repr, _quote, None, ": ", ", ", False, False, False)


def render_record(record: logging.LogRecord, mask: Mask) -> bytes:
    """Render a record, with its extra fields and its exception. Never raises.

    Args:
        record: any record, also one with attributes of the wrong types.
        mask: masks the secrets in a string.
    """
    try:
        event = record.getMessage()
    except Exception as error:  # noqa: BLE001 - arguments that do not fit the format, or a __str__ that raises
        event = f"{safe_string(record.msg, mask)} (its arguments do not fit: {class_name(error)})"
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
        event = f"{safe_string(event, mask)} (the rest of this record cannot be shown: {class_name(error)})"
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
            line["exception"] = Describer(mask).describe(exception)
        except Exception as error:  # noqa: BLE001 - such as RecursionError, close to the limit
            line["exception_left_out"] = f"{class_name(exception)} ({class_name(error)} while describing it)"
    return "".join(_encode(line, 0)).encode() + b"\n"


def _timestamp(created: float) -> str:
    try:
        return datetime.fromtimestamp(created, tz=timezone.utc).isoformat()
    except (ValueError, OverflowError, OSError, TypeError):
        return datetime.now(tz=timezone.utc).isoformat()


class Describer:
    """Describes one exception for Airflow's web page. Runs no code of the author's other than `__str__` and the like.

    Args:
        mask: masks the secrets in a string.
    """

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._seen: set[int] = set()
        self._characters_left = MAX_CHARACTERS

    def describe(self, exception: BaseException) -> list[dict[str, object]]:
        """Return the raised exception first, then its causes and contexts. Exceptions that were described are left out.

        Args:
            exception: the exception that was raised.
        """
        chain: list[dict[str, object]] = []
        current: BaseException | None = exception
        is_cause = False
        while current is not None and id(current) not in self._seen and len(self._seen) < MAX_EXCEPTIONS:
            self._seen.add(id(current))
            chain.append(self._describe_one(current, is_cause=is_cause))
            cause = _CAUSE(current)
            is_cause = cause is not None
            current = cause if is_cause or _HAS_NO_CONTEXT(current) else _CONTEXT(current)
        return chain

    def _describe_one(self, exception: BaseException, *, is_cause: bool) -> dict[str, object]:
        value = self._string(exception)
        notes, count = _elements(_attribute(exception, "__notes__"), list, MAX_NOTES)
        safe_notes = [self._string(note) for note in notes]
        if count > len(notes):
            safe_notes.append(f"... {count - len(notes)} more notes ...")
        members, count = _elements(_attribute(exception, "exceptions"), tuple, MAX_EXCEPTIONS)
        is_group = count >= 0 and all(issubclass(type(member), BaseException) for member in members)
        chains = [self.describe(member) for member in members if isinstance(member, BaseException)] if is_group else []
        described = [chain for chain in chains if chain]
        if is_group and len(described) < count:
            safe_notes.append(f"... {count - len(described)} more exceptions, or shown elsewhere ...")
        is_syntax_error = issubclass(type(exception), SyntaxError)
        return {
            "exc_type": self._string(class_name(exception)),
            "exc_value": value,
            "exc_notes": safe_notes,
            "syntax_error": self._describe_syntax(exception) if is_syntax_error else None,
            "is_cause": is_cause,
            "frames": self._describe_frames(_TRACEBACK(exception)),
            "is_group": is_group,
            "exceptions": described,
        }

    def _describe_syntax(self, error: BaseException) -> dict[str, object]:
        """Describe the place of a SyntaxError. Parsers other than Python's own set attributes of any type."""
        sanitizer = Sanitizer(self._mask)
        names = ("filename", "text", "lineno", "offset")
        filename, text, lineno, offset = (_attribute(error, name) for name in names)
        lineno, offset = sanitizer.sanitize(lineno), sanitizer.sanitize(offset)
        return {
            "offset": offset if isinstance(offset, int) else 0,
            "filename": self._string("?" if filename is None else filename),
            "line": self._string("" if text is None else text),
            "lineno": lineno if isinstance(lineno, int) else 0,
            "msg": self._string(_attribute(error, "msg")),
        }

    def _describe_frames(self, stack: TracebackType | None) -> list[dict[str, object]]:
        """Describe the frames, outermost first. Of a very deep stack, only the first and last frames are kept."""
        frames = []
        while stack is not None:
            frames.append((stack.tb_frame.f_code, stack.tb_lineno))
            stack = stack.tb_next
        half = MAX_FRAMES // 2
        cut = len(frames) > MAX_FRAMES
        described: list[dict[str, object]] = [
            {
                "filename": self._string(code.co_filename),
                "lineno": lineno or 0,
                "name": self._string(code.co_name),
            }
            for code, lineno in (frames[:half] + frames[-half:] if cut else frames)
        ]
        if cut:
            more = f"... {len(frames) - 2 * half} more frames ..."
            described.insert(half, {"filename": "", "lineno": 0, "name": more})
        return described

    def _string(self, value: object) -> str:
        string = safe_string(value, self._mask)
        if len(string) > self._characters_left:
            string = f"{string[: self._characters_left]}... ({len(string)} characters)"
        self._characters_left = max(self._characters_left - len(string), 0)
        return string


def _attribute(exception: BaseException, name: str) -> object:
    """An attribute of an exception; None if it has none, or if the author's property raises."""
    try:
        return getattr(exception, name, None)
    except BaseException as error:
        if is_stop(error):
            raise
        return None


def _elements(value: Any, kind: type[list[Any] | tuple[Any, ...]], most: int) -> tuple[list[object], int]:
    """The first elements of a list or a tuple, and the number of all; -1 if it is neither."""
    if not issubclass(type(value), kind):
        return [], -1
    return list(kind.__getitem__(value, slice(most))), kind.__len__(value)
