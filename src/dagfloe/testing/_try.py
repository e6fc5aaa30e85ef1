"""What became of one try, however it was run: values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagfloe.local.log.records import LogRecord


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a way of running a task gives.

    Attributes:
        state: the task instance's state.
        terminal: the terminal message, if one came.
        requests: what the task sent, in order, the terminal message included.
        records: its log.
        exception: the exception itself, where the task ran in this process.
        error: why the process did not end as it should.
    """

    state: str
    terminal: Mapping[str, Any] | None
    requests: Sequence[Mapping[str, Any]]
    records: Sequence[LogRecord]
    exception: BaseException | None = None
    error: str | None = None
