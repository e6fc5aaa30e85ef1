"""What a supervisor made of a scenario, in words that are the same for both."""

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

#: Scenarios name times of this year only; a time of another one is that of the run.
YEAR = 2001
#: When the Dag run of every scenario is.
LOGICAL_DATE = datetime(YEAR, 1, 1, tzinfo=timezone.utc)
#: From one signal to the next, for every scenario.
ESCALATION_S = 0.5
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
#: What a supervisor says of itself, however it puts it: each has its own words for people.
KINDS = {
    "a body is not understood": ("Unable to decode message",),
    "a line is not JSON": ("Malformed json log line", "Malformed JSON log line"),
    "the API server refused": ("API server error",),
    "the end was refused to the last": ("Recovery retry of terminal-state API call failed", "The task's end is lost"),
    "a request could not be handled": ("Unhandled exception while handling task request",),
    "a request is not served": ("Unhandled request",),
    "a stranger was refused": ("Rejected connection not owned by child process", "Refused a connection"),
    "sockets stayed open": ("Process exited with open sockets", "Still open"),
    "a signal did not help": ("Process did not terminate in time",),
    "overtime": ("Task success overtime reached", "Ending the task: it went on"),
}
#: The segmentation fault's text is a page of advice in Airflow, and a line here.
_SEGMENTATION = "SIGSEGV"
_ABSENT = "(absent)"
ENDS = ("Process exited abnormally", _SEGMENTATION)


@dataclass(frozen=True)
class Outcome:
    """Everything that must not differ.

    Attributes:
        loss: `lost` when the supervisor lost the task, `not connected` when the task never began; None otherwise.
        state: the task instance's final state.
        exit_code: the process's exit status.
        understood: the bodies that the supervisor understood, in order.
        received: the frames that the bundle received, in order.
        records: the log by where it came from, each in order.
        own: what the supervisor itself complained of, in order.
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
    """A frame without what the API server itself says of a refusal: the embedded supervisor has no such server."""
    error = frame[2] if len(frame) > 2 else None
    if error and error["detail"].get("detail"):
        error["detail"]["detail"] = "<the server's own>"
    return frame


def plain(value: Any) -> Any:
    """A value without what differs from run to run: the times of the run itself, and random ids."""
    if isinstance(value, datetime):
        return {"$time": _time(value)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (UUID, str)):
        return _TIME.sub(_time_of_text, _UUID.sub("<uuid>", str(value)))
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)  # NaN is not equal to itself
    return value.total_seconds() if isinstance(value, timedelta) else value


def _time_of_text(match: re.Match[str]) -> str:
    return _time(datetime.fromisoformat(match[0].replace("Z", "+00:00")))


def _time(value: datetime) -> str:
    """A time; one without a zone is in UTC, as the embedded supervisor reads it."""
    aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    return str(aware.astimezone(timezone.utc)) if value.year == YEAR else "<now>"


def kind_of(event: str) -> str:
    """What a supervisor's own event is about."""
    return next((kind for kind, words in KINDS.items() if event.startswith(words)), event)


def by_source(records: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Records by where they came from: between two sockets, and against the process's end, there is no order."""
    found: dict[str, list[Any]] = {}
    for record in records:
        event, logger = record["event"], record["logger"]
        if _SEGMENTATION in str(event):
            event = _SEGMENTATION
        source = logger if logger in ("task.stdout", "task.stderr") else "end" if event in ENDS else "logs"
        found.setdefault(source, []).append(plain({**record, "event": event}))
    return found


def differences(real: Any, embedded: Any, place: str = "") -> list[str]:
    """Where two outcomes, or parts of them, differ; numbers of another type are other values."""
    if isinstance(real, Outcome) and isinstance(embedded, Outcome):
        real, embedded = asdict(real), asdict(embedded)
    if isinstance(real, dict) and isinstance(embedded, dict):
        names = [*real, *(name for name in embedded if name not in real)]
        return [
            each
            for name in names
            for each in differences(real.get(name, _ABSENT), embedded.get(name, _ABSENT), f"{place}.{name}".lstrip("."))
        ]
    if isinstance(real, list) and isinstance(embedded, list):
        pairs = zip_longest(real, embedded, fillvalue=_ABSENT)
        return [each for at, (one, other) in enumerate(pairs) for each in differences(one, other, f"{place}[{at}]")]
    if type(real) is type(embedded) and real == embedded:
        return []
    return [f"{place}: really {_short(real)}, embedded {_short(embedded)}"]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 500 else f"{text[:500]}..."
