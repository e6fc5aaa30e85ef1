"""A clock that stands still for what dagfloe itself reads: the dates of terminal messages, of reschedules, of pokes."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagfloe.runtime.wire.messages
import dagfloe.values.dates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

#: The modules of dagfloe that ask for the present time, each by `datetime.now`.
_ASKING: tuple[Any, ...] = (dagfloe.values.dates, dagfloe.runtime.wire.messages)


@contextmanager
def frozen(now: datetime | None) -> Iterator[None]:
    """Let it be a certain time in a `with` block; None changes nothing. The author's own clocks go on."""
    if now is None:
        yield
        return
    there = now

    class _Kind(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, datetime)

    class _Frozen(datetime, metaclass=_Kind):
        def __new__(cls, *args: Any, **kwargs: Any) -> datetime:  # type: ignore[misc]
            return datetime(*args, **kwargs)  # noqa: DTZ001 - the zone is among the arguments, or there is none

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return there.astimezone(tz)

    for module in _ASKING:
        module.datetime = _Frozen
    try:
        yield
    finally:
        for module in _ASKING:
            module.datetime = datetime
