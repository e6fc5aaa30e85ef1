"""The guard of the exit status, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.peer import DEADLINE_S

PREAMBLE = """
import os, signal, sys
from dagfloe.runtime.process.exit_guard import ExitGuard
environment = dict(os.environ)
guard = ExitGuard(environment).install()
"""


def run(script: str, preamble: str = PREAMBLE) -> subprocess.CompletedProcess[str]:
    """Run a script in a guarded process."""
    command = [sys.executable, "-c", preamble + script]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("os._exit(0)", 1),
        ("os._exit(status=0)", 1),
        ("os._exit(512)", 1),
        ("os._exit(False)", 1),
        ("import posix; posix._exit(0)", 1),
        ("os._exit(7)", 7),
        ("guard.confirm(); os._exit(0)", 0),
        ("guard.confirm(); os._exit(7)", 7),
        ("if os.fork() == 0:\n    os._exit(0)\nos._exit(os.waitstatus_to_exitcode(os.wait()[1]) + 5)", 5),
        ("if os.fork() == 0:\n    guard.confirm()\n    os._exit(0)\nos.wait()\nos._exit(0)", 1),
    ],
)
def test_exit(script: str, status: int) -> None:
    """Without a delivered terminal message, `os._exit(0)` gives status 1, but only in the process itself."""
    answer = run(script)
    assert (answer.returncode, answer.stderr) == (status, "")


def test_invalid_status() -> None:
    """A status that is no number is an error, as without the guard."""
    assert "TypeError" in run("os._exit('0')").stderr


def test_functions_before_the_exit() -> None:
    """Functions are called in this process and in forked ones, whatever they raise."""
    script = """
def fail():
    raise SystemExit(0)

guard.call_before_exit(fail)
guard.call_before_exit(lambda: os.write(1, b"called\\n"))
if os.fork() == 0:
    os._exit(0)
os.wait()
os._exit(0)
"""
    answer = run(script)
    assert (answer.returncode, answer.stdout) == (1, "called\ncalled\n")


WAITING = """
import os, signal, sys
from dagfloe.runtime.process.exit_guard import ExitGuard
waiting = os.getpid()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
child = os.fork()
if child == 0:
    environment = {"_DAGFLOE_WAITS": f"{waiting + OFFSET},{int(signal.SIGRTMIN)}", "OTHER": "1"}
    guard = ExitGuard(environment).install()
    assert environment == {"OTHER": "1"}
    os.kill = os.getppid = None  # as the author's code may
    guard.confirm()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
got = signal.sigtimedwait([signal.SIGRTMIN], 0)
print(got is not None and got.si_pid == child)
"""


@pytest.mark.parametrize("offset", [0, 1])
def test_confirmation(offset: int) -> None:
    """The guard sends the signal to the process that waits, if it is the parent."""
    answer = run(WAITING.replace("OFFSET", str(offset)), "")
    assert (answer.stdout, answer.stderr) == (f"{offset == 0}\n", "")


def test_confirmation_to_nobody() -> None:
    """If the signal cannot be sent, the process goes on."""
    script = f"""
guard = ExitGuard({{"_DAGFLOE_WAITS": f"{{os.getppid()}},999"}}).install()
guard.confirm()
os._exit({os.EX_OK})
"""
    assert run(script).returncode == 0
