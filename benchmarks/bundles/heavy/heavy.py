"""A large XCom, and many log records: tasks that measure their own memory."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("heavy")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dag.task
def push(client: Client) -> dict[str, float]:
    """Push an XCom whose size is in the variable `bytes`."""
    size = int(client.get_variable("bytes"))
    before = resident_bytes()
    value = "x" * size
    start = time.perf_counter()
    client.set_xcom("large", value)
    return {"seconds": time.perf_counter() - start, "growth": peak_bytes() - before}


@dag.task
def pull(client: Client) -> dict[str, float]:
    """Pull the XCom again."""
    before = resident_bytes()
    start = time.perf_counter()
    value = client.get_xcom("push", key="large")
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "growth": peak_bytes() - before, "bytes": len(value)}


@dag.task
def soak(client: Client, log: logging.Logger) -> dict[str, Any]:
    """Write records for the seconds in the variable `seconds`, and measure the memory ten times a second."""
    end = time.monotonic() + float(client.get_variable("seconds"))
    resident, number, next_measurement = [], 0, 0.0
    while (now := time.monotonic()) < end:
        if now >= next_measurement:
            resident.append(resident_bytes())
            next_measurement = now + 0.1
        log.info("record %d of %s", number, "many")
        number += 1
    return {"records": number, "resident": resident}


def resident_bytes() -> int:
    """The memory of this process."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE


def peak_bytes() -> int:
    """The largest memory that this process had so far."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
