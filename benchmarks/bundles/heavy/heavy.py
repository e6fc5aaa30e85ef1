"""A large XCom, and many records: tasks that look at their own memory."""

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
    """Push an XCom of as many bytes as the variable `bytes` says."""
    size = int(client.get_variable("bytes"))
    before = resident_bytes()
    value = "x" * size
    began = time.perf_counter()
    client.set_xcom("large", value)
    return {"seconds": time.perf_counter() - began, "growth": peak_bytes() - before}


@dag.task
def pull(client: Client) -> dict[str, float]:
    """Pull it again."""
    before = resident_bytes()
    began = time.perf_counter()
    value = client.get_xcom("push", key="large")
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "growth": peak_bytes() - before, "bytes": len(value)}


@dag.task
def soak(client: Client, log: logging.Logger) -> dict[str, Any]:
    """Write records for as long as the variable `seconds` says, and look at the own memory ten times a second."""
    until = time.monotonic() + float(client.get_variable("seconds"))
    resident, number, look = [], 0, 0.0
    while (now := time.monotonic()) < until:
        if now >= look:
            resident.append(resident_bytes())
            look = now + 0.1
        log.info("record %d of %s", number, "many")
        number += 1
    return {"records": number, "resident": resident}


def resident_bytes() -> int:
    """How much memory this process has now."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE


def peak_bytes() -> int:
    """The most that it ever had."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
