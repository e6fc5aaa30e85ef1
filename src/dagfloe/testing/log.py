"""A task's log, to search and to make assertions about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from dagfloe.local.log.records import LogRecord


class Log(Sequence["LogRecord"]):
    """The records of one try, oldest first, as in Airflow: with masked secrets."""

    def __init__(self, records: Sequence[LogRecord]) -> None:
        self._records = tuple(records)

    def __repr__(self) -> str:
        return f"<Log of {len(self)} records>\n{self.text}" if self else "<Log without records>"

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> LogRecord: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[LogRecord]: ...

    def __getitem__(self, index: int | slice) -> LogRecord | Sequence[LogRecord]:
        return self._records[index]

    @property
    def messages(self) -> list[str]:
        """The records' messages."""
        return [record.event for record in self._records]

    @property
    def text(self) -> str:
        """The whole log for people: one line per record, with fields and exceptions."""
        return "\n".join(line for record in self._records for line in _format_record(record))

    def find(self, pattern: str = "", *, level: str | None = None, logger: str | None = None) -> list[LogRecord]:
        """Return the records that match.

        Args:
            pattern: a regular expression that is searched in the message.
            level: critical, error, warning, info or debug.
            logger: the logger's name; `task.stdout` has the printed lines.
        """
        return [record for record in self._records if matches(record, pattern, level=level, logger=logger)]

    def has(self, pattern: str = "", *, level: str | None = None, logger: str | None = None) -> bool:
        """Whether a record matches; arguments as for `find`."""
        return bool(self.find(pattern, level=level, logger=logger))


def matches(record: LogRecord, pattern: str, *, level: str | None = None, logger: str | None = None) -> bool:
    """Whether a record matches; arguments as for `Log.find`."""
    return (
        re.search(pattern, record.event) is not None
        and level in (None, record.level)
        and logger in (None, record.logger)
    )


def _format_record(record: LogRecord) -> list[str]:
    fields = dict(record.fields)
    exceptions = fields.pop("error_detail", None)
    suffix = "".join(f" {name}={value!r}" for name, value in fields.items())
    lines = [f"{record.level:8} {record.logger}: {record.event}{suffix}"]
    if isinstance(exceptions, list):
        lines += [f"         {_format_exception(item)}" for item in exceptions if isinstance(item, dict)]
    elif exceptions is not None:
        lines.append(f"         {exceptions}")
    return lines


def _format_exception(exception: dict[str, Any]) -> str:
    frames = exception.get("frames") or []
    # The author's last line helps more than the line of dagfloe that raised the exception.
    authors_frames = [frame for frame in frames if "dagfloe" not in PurePath(frame["filename"]).parts] or frames
    place = "".join(f" ({frame['filename']}:{frame['lineno']} in {frame['name']})" for frame in authors_frames[-1:])
    return f"{exception.get('exc_type')}: {exception.get('exc_value')}{place}"
