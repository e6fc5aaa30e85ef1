"""A sensor: waits for a condition by checking it repeatedly."""

from __future__ import annotations

import logging
import time
from types import CoroutineType

from dagfloe.call_errors import SensorTimeout
from dagfloe.errors import DagfloeError, TaskRescheduled, TaskSkipped
from dagfloe.values.dates import check_duration, to_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from typing import Any

    from dagfloe.values.dates import Clock

MODES = ("reschedule", "poke")
log = logging.getLogger("dagfloe.poke")


def poke(
    check: Callable[[], Any],
    first_reschedule_date: Callable[[], datetime | None],
    clock: Clock,
    *,
    interval: timedelta | float,
    timeout: timedelta | float,
    mode: str,
    soft_fail: bool,
) -> Any:
    """See `Client.poke`.

    Args:
        check: returns a true value as soon as the condition holds.
        first_reschedule_date: returns when this try was first rescheduled; None if it was not.
        clock: returns the present time, aware.
        interval: the time between two checks, as a timedelta or in seconds.
        timeout: how long to wait after the first check, as a timedelta or in seconds.
        mode: `reschedule` or `poke`.
        soft_fail: whether a timeout skips the task instead of failing it.
    """
    if mode not in MODES:
        raise DagfloeError(f"poke has no mode {mode!r}: use one of {', '.join(MODES)}")
    from datetime import timedelta  # noqa: PLC0415 - only sensors need it

    interval_s, timeout_s = check_duration(interval, "the interval of poke"), to_seconds(timeout)
    start = time.monotonic()
    first = first_reschedule_date() if mode == "reschedule" else None
    waited_before_s = 0.0 if first is None else (clock() - first).total_seconds()
    while True:
        result = check()
        if type(result) is CoroutineType:
            result.close()
            raise DagfloeError(
                f"poke got the asynchronous function {check!r}: pass a function that does not wait, or outside of an "
                "asynchronous task `lambda: asyncio.run(check())`"
            )
        if result:
            return result
        waited_s = waited_before_s + time.monotonic() - start
        if waited_s > timeout_s:
            message = f"the condition did not hold within {timeout_s:g} s"
            raise TaskSkipped(message) if soft_fail else SensorTimeout(message)
        if mode == "reschedule":
            raise TaskRescheduled(clock() + timedelta(seconds=interval_s))
        log.debug("Not yet, after %.0f s", waited_s)
        time.sleep(interval_s)
