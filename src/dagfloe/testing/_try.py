"""The outcome of one try, in all modes: values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagfloe.local.log.records import LogRecord


@dataclass(frozen=True, kw_only=True)
class TryOutcome:
    """The outcome of one try.

    Attributes:
        state: the task instance's state.
        terminal: the terminal message, if the task sent one.
        requests: the task's messages in order, including the terminal message.
        records: its log.
        exception: the exception itself, if the task ran in this process.
        error: why the process did not end normally.
    """

    state: str
    terminal: Mapping[str, Any] | None
    requests: Sequence[Mapping[str, Any]]
    records: Sequence[LogRecord]
    exception: BaseException | None = None
    error: str | None = None
