"""The datetimes of Airflow's context: pendulum's, as in Airflow, if the project has pendulum, else Python's own."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

#: Pendulum, or None without it, once it was looked up.
_pendulum: list[Any] = []


def to_context_date(date: datetime | None) -> datetime | None:
    """A date as the context has it. Both kinds have the same `str`, `isoformat` and `strftime`.

    Args:
        date: the date, aware.
    """
    if date is None:
        return None
    if not _pendulum:
        try:
            import pendulum  # noqa: PLC0415 - only projects that require it have it
        except ImportError:
            pendulum = None
        _pendulum.append(pendulum)
    if _pendulum[0] is None:
        return date
    converted: datetime = _pendulum[0].instance(date)
    return converted
