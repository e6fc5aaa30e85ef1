"""Checks the bodies of requests against the supervisor's schema. Pure.

The docstring of `request_table` shows the grammar of the table that holds the schema.

The supervisor never answers a body that its schema refuses, so `Comms` checks every body before it sends it. This check
is stricter in one way: the supervisor also accepts the string "5" for the number 5, and the like.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from dagfloe.constants import (
    AWAITING_INPUT,
    DEFERRED,
    FAILED,
    REMOVED,
    SKIPPED,
    SUCCESS,
    UP_FOR_RESCHEDULE,
    UP_FOR_RETRY,
)
from dagfloe.errors import LocalProtocolError
from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION, SCHEMA_VERSIONS
from dagfloe.runtime.wire.request_table import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Check = Callable[[object], bool]

#: The possible states of the terminal messages; the first one is the default.
TERMINAL_STATES: dict[str, tuple[str, ...]] = {
    "AwaitInputTask": (AWAITING_INPUT,),
    "DeferTask": (DEFERRED,),
    "RescheduleTask": (UP_FOR_RESCHEDULE,),
    "RetryTask": (UP_FOR_RETRY,),
    "SucceedTask": (SUCCESS,),
    "TaskState": (FAILED, SKIPPED, REMOVED),
}
#: Entries of the table that are parts of requests, and not requests.
_PARTS = {
    "AssetProfile",
    "DagSourceCode",
    "HITLUser",
    "LazyDeserializedDAG",
    "LoopDecisionPayload",
    "TaskHandlerDeclaration",
    "TaskHandlerParam",
}

# Not compiled here: that would take 0.4 ms in every task, and few tasks send these types. `re` compiles them when used.
_DURATION = r"-?P(?=.)(\d+([.,]\d+)?[YMWD])*(T(\d+([.,]\d+)?[HMS])+)?"
_WHEN = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)"
_UUID = r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"
#: In a tuple, where code that replaces `datetime` in every module, such as freezegun, does not find it.
_DATETIME = (datetime,)
_JSON_LEAVES = (str, int, float, type(None))


class RequestType:
    """One entry of the table.

    Attributes:
        name: the request's `type`.
        closed: whether other fields are forbidden.
        required: the required fields.
        fields: all fields, with their types in the table's notation.
    """

    __slots__ = ("_checks", "_outgoing", "_version", "closed", "fields", "name", "required")

    def __init__(self, name: str, version: str, *, outgoing: bool = False) -> None:
        words = _find_entry(name, version).split()
        self.name = name
        self.closed = words[:1] == ["!"]
        pairs = [word.partition(":") for word in words if word != "!"]
        self.required = frozenset(name for name, _, _ in pairs if not name.endswith("?"))
        self.fields = {name.rstrip("?"): kind for name, _, kind in pairs}
        self._checks: dict[str, Check] = {}
        self._version = version
        self._outgoing = outgoing

    def find_problem(self, body: Mapping[str, object]) -> str | None:
        """Explain why the supervisor refuses a body of this type; None if it accepts it. Values are not shown."""
        for name in self.required:
            if name not in body:
                return f"{self.name} lacks its field {name!r}"
        for name, value in body.items():
            kind = self.fields.get(name)
            if kind is None:
                if name != "type" and (self.closed or self._outgoing):
                    return f"{self.name} has no field {name!r}{_hint(self.name, self._version, name)}"
                continue
            check = self._checks.get(name)
            if check is None:
                check = self._checks[name] = _check(kind, self._version, outgoing=self._outgoing)
            if not check(value):
                expected = kind.replace("|", " or ").replace("=", "").replace("/", " or ")
                return f"{self.name}.{name} is {_actual(value, kind)}, expected {expected}"
        return None


_request_types: dict[tuple[str, str, bool], RequestType] = {}


def find_request_type(
    name: object, version: str = DEFAULT_SCHEMA_VERSION, *, outgoing: bool = False
) -> RequestType | None:
    """Find a request in the table; None if the schema has no such request.

    Args:
        name: the request's `type`.
        version: the supervisor schema version.
        outgoing: whether this side sends the bodies, as in `find_problem`.
    """
    if not isinstance(name, str):
        return None
    kind = _request_types.get((name, version, outgoing))
    if kind is None and name not in _PARTS and _find_entry(name, version):
        kind = _request_types[name, version, outgoing] = RequestType(name, version, outgoing=outgoing)
    return kind


def list_request_names(version: str = DEFAULT_SCHEMA_VERSION) -> list[str]:
    """List the names of all requests of a schema version."""
    return sorted({name for entries in _tables(version) for name in entries} - _PARTS)


def find_problem(
    body: Mapping[str, object] | None, version: str = DEFAULT_SCHEMA_VERSION, *, outgoing: bool = False
) -> str | None:
    """Explain why the supervisor refuses a body, and so never answers it; None if it accepts the body.

    Args:
        body: a request's body. The explanation does not show its values.
        version: the supervisor schema version that the bundle speaks.
        outgoing: whether this side sends the body. Then unknown fields are refused, and the insides of JSON values
            are not checked, because they were checked before.
    """
    name = None if body is None else body.get("type")
    kind = find_request_type(name, version, outgoing=outgoing)
    if body is None or kind is None:
        return f"the message has the unknown type {name!r}{_hint(name, version)}"
    return kind.find_problem(body)


def check_request(body: Mapping[str, object], version: str = DEFAULT_SCHEMA_VERSION) -> None:
    """Check that the supervisor accepts, and so answers, a body.

    Args:
        body: a request's body.
        version: the supervisor schema version that the bundle speaks.

    Raises:
        LocalProtocolError: when the supervisor would refuse it; the error does not show values.
    """
    kind = find_request_type(body.get("type"), version, outgoing=True)
    problem = find_problem(body, version, outgoing=True) if kind is None else kind.find_problem(body)
    if problem is not None:
        raise LocalProtocolError(f"{problem}: nothing was sent")


def _tables(version: str) -> list[dict[str, str]]:
    """The tables that apply to a version, the newest first."""
    return [TABLE[other] for other in sorted(TABLE, reverse=True) if other <= version]


def _find_entry(name: str, version: str) -> str:
    """A request's entry of the table; empty if the version has none."""
    return next((entries[name] for entries in _tables(version) if name in entries), "")


def _hint(name: object, version: str, field: str | None = None) -> str:
    """The setting that a request, or one of its fields, needs if only a newer Airflow has it."""
    for airflow, newer in SCHEMA_VERSIONS.items():
        kind = find_request_type(name, newer) if newer > version else None
        if kind is not None and (field is None or field in kind.fields):
            return f' for this Airflow; it needs airflow = "{airflow}" in [tool.dagfloe]'
    return ""


def _actual(value: object, kind: str) -> str:
    if kind.startswith("=") and isinstance(value, str):
        return "another string"
    if isinstance(value, _DATETIME) and value.utcoffset() is not None and "date" in kind:
        return "a date before the year 1 or after the year 9999 in UTC"
    return type(value).__name__


# The types of fields


def _check(kind: str, version: str, *, outgoing: bool) -> Check:
    """Make the check for a type in the table's notation."""
    alternatives = [_check_one(part, version, outgoing=outgoing) for part in _split(kind, "|")]
    return alternatives[0] if len(alternatives) == 1 else lambda value: any(check(value) for check in alternatives)


def _check_one(kind: str, version: str, *, outgoing: bool) -> Check:
    if kind in _SIMPLE:
        return _SHALLOW[kind] if outgoing and kind in _SHALLOW else _SIMPLE[kind]
    if kind.startswith("="):
        allowed = frozenset(kind[1:].split("/"))
        return lambda value: isinstance(value, str) and value in allowed
    if kind.startswith("{"):
        part = RequestType(kind[1:-1], version, outgoing=outgoing)
        return lambda value: isinstance(value, dict) and part.find_problem(value) is None
    outer, _, inside = kind[:-1].partition("(")
    if outer == "pair":
        checks = [_check(item, version, outgoing=outgoing) for item in _split(inside, ",")]
        return lambda value: (
            isinstance(value, (list, tuple))
            and len(value) == len(checks)
            and all(check(item) for check, item in zip(checks, value, strict=True))
        )
    check = _check(inside, version, outgoing=outgoing)
    if outer == "dict":
        return lambda value: (
            isinstance(value, dict) and all(isinstance(key, str) and check(item) for key, item in value.items())
        )
    least = 1 if outer == "some" else 0
    return lambda value: isinstance(value, list) and len(value) >= least and all(map(check, value))


def _split(kind: str, separator: str) -> list[str]:
    """Split at the separators that are outside of parentheses."""
    parts, depth = [""], 0
    for character in kind:
        depth += (character == "(") - (character == ")")
        if character == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_date(value: object) -> bool:
    if isinstance(value, str):
        if not re.fullmatch(_WHEN, value):
            return False
        from dagfloe.values.dates import is_in_range, to_datetime  # noqa: PLC0415 - few dates are strings

        try:
            return is_in_range(to_datetime(value))
        except ValueError:
            return False
    if not isinstance(value, _DATETIME):
        return False
    offset = value.utcoffset()
    if offset is None:
        return False
    if value.year not in (1, 9999):
        return True
    from dagfloe.values.dates import is_in_range  # noqa: PLC0415 - few dates are so far away

    return is_in_range(value)


def _is_duration(value: object) -> bool:
    if isinstance(value, str):
        return bool(re.fullmatch(_DURATION, value))
    return _is_number(value) or isinstance(value, timedelta)


def _is_json(value: object) -> bool:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if not all(isinstance(key, str) for key in item):
                return False
            pending += item.values()
        elif isinstance(item, (list, tuple)):
            pending += item
        elif not isinstance(item, _JSON_LEAVES):
            return False
    return True


_SIMPLE: dict[str, Check] = {
    "bool": lambda value: isinstance(value, bool),
    "int": _is_int,
    "json": _is_json,
    "dict": lambda value: isinstance(value, dict) and _is_json(value),
    "null": lambda value: value is None,
    "number": _is_number,
    "positive": lambda value: _is_number(value) and value > 0,  # type: ignore[operator]
    "duration": _is_duration,
    "str": lambda value: isinstance(value, str),
    "uuid": lambda value: isinstance(value, str) and bool(re.fullmatch(_UUID, value)),
    "date": _is_date,
}
_SHALLOW: dict[str, Check] = {
    "json": lambda value: isinstance(value, (dict, list, tuple, *_JSON_LEAVES)),
    "dict": lambda value: isinstance(value, dict),
}
