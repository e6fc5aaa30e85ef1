"""Waiting for something outside by looking again and again: what a sensor does."""

from __future__ import annotations

import logging
import time

from dagfloe.errors import DagfloeError, SensorTimeout, TaskRescheduled, TaskSkipped
from dagfloe.values.dates import to_seconds

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
    first_date: Callable[[], datetime | None],
    clock: Clock,
    *,
    interval: timedelta | float,
    timeout: timedelta | float,
    mode: str,
    soft_fail: bool,
) -> Any:
    """See `Client.poke`.

    Args:
        check: the look.
        first_date: gives when this try was first rescheduled, if it was.
        clock: returns the present time, aware.
        interval: between two looks.
        timeout: since the first look.
        mode: `reschedule` or `poke`.
        soft_fail: whether a timeout skips the task instead of failing it.
    """
    if mode not in MODES:
        raise DagfloeError(f"poke has no mode {mode!r}: it is one of {', '.join(MODES)}")
    from datetime import timedelta  # noqa: PLC0415 - only sensors need it

    interval_s, timeout_s = to_seconds(interval), to_seconds(timeout)
    began = time.monotonic()
    first = first_date() if mode == "reschedule" else None
    before_s = 0.0 if first is None else (clock() - first).total_seconds()
    while True:
        found = check()
        if found:
            return found
        waited_s = before_s + time.monotonic() - began
        if waited_s > timeout_s:
            message = f"what was poked for did not come within {timeout_s:g} s"
            raise TaskSkipped(message) if soft_fail else SensorTimeout(message)
        if mode == "reschedule":
            raise TaskRescheduled(clock() + timedelta(seconds=interval_s))
        log.debug("Not yet, after %.0f s", waited_s)
        time.sleep(interval_s)
