"""Signals that end a command, wherever in the command they arrive."""

from __future__ import annotations

import subprocess
import sys

import pytest

DEADLINE_S = 30
#: Gets the signal inside the callback of a weak reference, where Python drops exceptions, then waits for it.
IN_A_CALLBACK = """
import os, signal, threading, weakref
from dagfloe.cli.signal_handlers import raise_on_signals

class Target: pass

def interrupt(_):
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1_000_000):
        pass

try:
    with raise_on_signals({signal.SIGTERM: lambda: SystemExit(143), signal.SIGINT: KeyboardInterrupt}):
        target = Target()
        reference = weakref.ref(target, interrupt)
        del target
        threading.Event().wait(20)
        print("not interrupted")
finally:
    print("cleaned up")
"""
#: A second signal arrives during the cleanup.
TWICE = """
import os, signal
from dagfloe.cli.signal_handlers import raise_on_signals

with raise_on_signals({signal.SIGTERM: lambda: SystemExit(143)}):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        print("cleaned up")
"""
#: Another thread receives the signal while the main thread waits. A signal that arrives right before a blocking call of
#: the main thread does not interrupt that call, either.
ELSEWHERE = """
import signal, threading
from dagfloe.cli.signal_handlers import raise_on_signals

def receive():
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

try:
    with raise_on_signals({signal.SIGTERM: lambda: SystemExit(143)}):
        threading.Timer(0.1, receive).start()
        threading.Event().wait(60)
        print("not interrupted")
finally:
    print("cleaned up")
"""
#: Another exception that Python drops is shown as usual.
ANOTHER_EXCEPTION = """
import signal, weakref
from dagfloe.cli.signal_handlers import raise_on_signals

class Target: pass

with raise_on_signals({signal.SIGTERM: lambda: SystemExit(143)}):
    target = Target()
    reference = weakref.ref(target, lambda _: 1 / 0)
    del target
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new process."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


@pytest.mark.parametrize("code", [IN_A_CALLBACK, TWICE, ELSEWHERE], ids=["in a callback", "twice", "in another thread"])
def test_signal_ends_the_block_once(code: str) -> None:
    """The block ends with the signal's exception and its cleanup is complete, without a traceback."""
    done = run(code)
    assert (done.returncode, done.stdout, done.stderr) == (143, "cleaned up\n", "")


def test_other_dropped_exceptions_are_shown() -> None:
    """An exception of other code that Python drops is printed, and the block goes on."""
    done = run(ANOTHER_EXCEPTION)
    assert done.returncode == 0
    assert "ZeroDivisionError" in done.stderr
