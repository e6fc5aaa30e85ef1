"""The outcome of a scenario, in a form that both supervisors have in common."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import zip_longest
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

#: Scenarios contain only times of this year. A time of another year is the time of the test.
YEAR = 2001
#: The logical date of the Dag run of every scenario.
LOGICAL_DATE = datetime(YEAR, 1, 1, tzinfo=timezone.utc)
#: The time from one signal to the next, in every scenario.
ESCALATION_S = 0.5
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
#: The complaints of the supervisors by kind, because the wording of the two supervisors differs.
KINDS = {
    "a body is not understood": ("Unable to decode message",),
    "a line is not JSON": ("Malformed json log line", "Malformed JSON log line"),
    "the API server refused": ("API server error",),
    "the end was not accepted": (
        "Recovery retry of terminal-state API call failed",
        "The task's end is lost",
    ),
    "a request could not be handled": ("Unhandled exception while handling task request",),
    "a request is not served": ("Unhandled request",),
    "another process was refused": (
        "Rejected connection not owned by child process",
        "Refused a connection",
    ),
    "sockets stayed open": ("Process exited with open sockets", "Still open"),
    "a signal had no effect": ("Process did not terminate in time",),
    "overtime": ("Task success overtime reached", "Ending the task: it went on"),
}
#: For a segmentation fault, Airflow logs a page of advice, and dagfloe logs a line.
_SEGMENTATION = "SIGSEGV"
_ABSENT = "(absent)"
ENDS = ("Process exited abnormally", _SEGMENTATION)


@dataclass(frozen=True)
class Outcome:
    """Everything that both supervisors must have in common.

    Attributes:
        loss: `lost` if the supervisor lost the task, `not connected` if the task never started, otherwise None.
        state: the task instance's final state.
        exit_code: the process's exit status.
        understood: the bodies that the supervisor understood, in order.
        received: the frames that the bundle received, in order.
        records: the log records by source, in order.
        own: the supervisor's own complaints, in order.
        xcoms: the task's own XComs at the end.
        variables: all variables at the end.
    """

    loss: str | None
    state: str | None
    exit_code: int | None
    understood: list[Any]
    received: list[Any]
    records: dict[str, list[Any]]
    own: list[str]
    xcoms: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)


def received(path: Path) -> list[Any]:
    """The frames that a bundle received."""
    if not path.exists():
        return []
    frames = [plain(json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    return [_without_server(frame) for frame in frames]


def _without_server(frame: list[Any]) -> list[Any]:
    """A frame without the API server's own description of a refusal: the embedded supervisor has no such server."""
    error = frame[2] if len(frame) > 2 else None
    if error and error["detail"].get("detail"):
        error["detail"]["detail"] = "<description>"
    return frame


def plain(value: Any) -> Any:
    """A value with placeholders for the times of the test and for random ids."""
    if isinstance(value, datetime):
        return {"$time": _time(value)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (UUID, str)):
        return _TIME.sub(_replace_time, _UUID.sub("<uuid>", str(value)))
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)  # NaN is not equal to itself
    return value.total_seconds() if isinstance(value, timedelta) else value


def _replace_time(match: re.Match[str]) -> str:
    return _time(datetime.fromisoformat(match[0].replace("Z", "+00:00")))


def _time(value: datetime) -> str:
    """A time in UTC. A time without a zone is in UTC, as for the embedded supervisor."""
    aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    return str(aware.astimezone(timezone.utc)) if value.year == YEAR else "<now>"


def kind_of(event: str) -> str:
    """The kind of a supervisor's own event."""
    return next((kind for kind, prefixes in KINDS.items() if event.startswith(prefixes)), event)


def by_source(records: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Group records by source: two sockets, and the end of the process, have no common order."""
    sources: dict[str, list[Any]] = {}
    for record in records:
        event, logger = record["event"], record["logger"]
        if _SEGMENTATION in str(event):
            event = _SEGMENTATION
        source = logger if logger in ("task.stdout", "task.stderr") else "end" if event in ENDS else "logs"
        sources.setdefault(source, []).append(plain({**record, "event": event}))
    return sources


def differences(real: Any, embedded: Any, place: str = "") -> list[str]:
    """Describe the differences of two outcomes, or parts of them. Numbers of different types differ."""
    if isinstance(real, Outcome) and isinstance(embedded, Outcome):
        real, embedded = asdict(real), asdict(embedded)
    if isinstance(real, dict) and isinstance(embedded, dict):
        names = [*real, *(name for name in embedded if name not in real)]
        return [
            line
            for name in names
            for line in differences(real.get(name, _ABSENT), embedded.get(name, _ABSENT), f"{place}.{name}".lstrip("."))
        ]
    if isinstance(real, list) and isinstance(embedded, list):
        pairs = zip_longest(real, embedded, fillvalue=_ABSENT)
        return [line for index, pair in enumerate(pairs) for line in differences(*pair, f"{place}[{index}]")]
    if type(real) is type(embedded) and real == embedded:
        return []
    return [f"{place}: real {_short(real)}, embedded {_short(embedded)}"]


def _short(value: Any) -> str:
    line = repr(value)
    return line if len(line) <= 500 else f"{line[:500]}..."
