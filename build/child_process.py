"""Runs the programs that a build consists of: nothing of the caller's environment changes the result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from dagfloe.format.errors import FreezeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

#: Variables that would make Python, pip or the loader read something of the caller's.
_DROPPED = ("PYTHON", "PIP_", "LD_", "DYLD_", "VIRTUAL_ENV", "CONDA_", "_PYI", "_MEI", "COVERAGE_", "SOURCE_DATE_EPOCH")
#: pip's settings that say where packages come from and how to get there.
_KEPT = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_NO_INDEX",
    "PIP_TRUSTED_HOST",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_PROXY",
    "PIP_CACHE_DIR",
    "PIP_CONFIG_FILE",
    "PIP_CONSTRAINT",
    "PIP_NO_CACHE_DIR",
    "PIP_TIMEOUT",
    "PIP_RETRIES",
)


#: Runs a program that dies with us, even if we are killed: the wish survives exec. 1 is PR_SET_PDEATHSIG.
_DIE_TOGETHER = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment without what would change a build, and with `extra`."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith(_DROPPED)}
    return {**kept, "PYTHONNOUSERSITE": "1", **(extra or {})}


def run_step(
    step: str,
    command: Sequence[str],
    log: Path,
    *,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    echo: Callable[[str], None] | None = None,
) -> None:
    """Run a program of a build, its output going to a log file.

    Args:
        step: what the program does, for an error.
        command: the program and its arguments.
        log: the file to append its output to.
        timeout_s: after so many seconds it is killed.
        env: its whole environment; by default `clean_environment()`.
        cwd: the folder that it runs in; by default the caller's.
        echo: called with every line of its output.

    Raises:
        FreezeError: when it fails, naming the step, the last line that tells why, and the log.
    """
    with log.open("ab") as sink:
        sink.write(f"$ {' '.join(command)}\n".encode())
        sink.flush()
        process = subprocess.Popen(
            _dying_together(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if echo else sink,
            stderr=subprocess.STDOUT,
            env=dict(clean_environment() if env is None else env),
            cwd=cwd,
            start_new_session=True,
        )
        try:
            if echo and process.stdout:
                for line in process.stdout:
                    sink.write(line)
                    echo(line.decode(errors="replace").rstrip())
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise FreezeError(f"{step} took more than {timeout_s:g} s; its output is in {log}") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.stdout:
                process.stdout.close()
    if status:
        raise FreezeError(f"{step} failed (status {status}): {_reason(log)}; its whole output is in {log}")


def run_captured(
    what: str, command: Sequence[str], *, timeout_s: float, env: Mapping[str, str]
) -> tuple[int, str, str]:
    """Run a program for its answer.

    Args:
        what: what it is asked for, for an error.
        command: the program and its arguments.
        timeout_s: after so many seconds it is killed.
        env: its whole environment.

    Returns:
        Its exit status, its stdout and its stderr.

    Raises:
        FreezeError: when it does not run, or not end in time.
    """
    process = None
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(env),
            start_new_session=True,
        )
        stdout, stderr = process.communicate(timeout=timeout_s)
    except OSError as error:
        raise FreezeError(f"{what}: {command[0]} cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired:
        raise FreezeError(f"{what}: {command[0]} did not answer within {timeout_s:g} s") from None
    finally:
        if process is not None and process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)  # the group: a one-file program is two processes
            process.communicate()
    return process.returncode, stdout.decode(errors="replace"), stderr.decode(errors="replace")


def _dying_together(command: Sequence[str]) -> list[str]:
    """The command, so that nothing goes on installing or freezing once the tool was killed; where that is possible."""
    if not sys.platform.startswith("linux"):
        return [*command]
    return [sys.executable, "-I", "-c", _DIE_TOGETHER, str(os.getpid()), *command]


def _reason(log: Path) -> str:
    """The line of a log that most probably says what went wrong."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if line.lower().startswith(("error", "fatal")) or "Error:" in line]
    return (telling or lines or ["it said nothing"])[-1][:400]
