"""A task whose own signal handlers and other threads interrupt its logging: every line arrives whole, and once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.side_by_side import run_task

if TYPE_CHECKING:
    from pathlib import Path

ALARMS = """
import signal
class Alarm(Exception): pass
def ring(*_):
    if kind == "raise": raise Alarm
    log.info("from the handler %d", next(numbers)); sys.stdout.write(f"by the handler {{next(numbers)}}\\n")
import itertools
numbers = itertools.count()
kind = "{kind}"
def t():
    sys.settrace(None)  # an exception inside of coverage's own code would leave its lock taken
    signal.signal(signal.SIGALRM, ring)
    for number in range(400):
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.00002 * (1 + number % 60))
                log.info("%d %s", number, "x" * 30_000)
                sys.stdout.write(f"{{number}} printed {{'y' * 30_000}}\\n")
            finally: signal.setitimer(signal.ITIMER_REAL, 0)
        except Alarm: pass
"""
THREADS = """
import ctypes
class Kill(BaseException): pass
def talk():
    sys.settrace(None)
    for number in range(400):
        try: log.info("%d %s", number, "x" * 30_000)
        except Kill: pass
def t():
    thread = threading.Thread(target=talk)
    thread.start()
    while thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(Kill))
        thread.join(0.001)
"""


@pytest.mark.parametrize(
    "code", [ALARMS.format(kind="raise"), ALARMS.format(kind="log"), THREADS], ids=["raise", "log", "other threads"]
)
def test_interrupted(tmp_path: Path, code: str) -> None:
    """Lines are neither torn nor merged, and none arrives twice."""
    output = run_task(tmp_path, code)
    assert output.status == 0
    events = [event for event in output.events if "handler" not in event and "Uncaught" not in event]
    assert len(events) > 50
    assert len(set(output.events)) == len(output.events)
    assert all(event.endswith(("x" * 30_000, "y" * 30_000)) for event in events)
    assert all(len(event) < 30_020 for event in events)
