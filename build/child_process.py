"""Runs the programs that a build consists of. Nothing in the caller's environment changes their results."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from threading import Timer
from typing import TYPE_CHECKING

from dagfloe.format.errors import FreezeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

#: Prefixes of variables that would make Python, pip or the dynamic loader read something of the caller's.
_DROPPED = ("PYTHON", "PIP_", "LD_", "DYLD_", "VIRTUAL_ENV", "CONDA_", "_PYI", "_MEI", "COVERAGE_", "SOURCE_DATE_EPOCH")
#: pip's settings for where packages come from and how to reach them. These stay.
_PIP_SOURCES = (
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
#: Leaves no caches in the project's folder, and changes no result.
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
_MAX_REASON = 400
_NO_OUTPUT = "it printed nothing"


#: Replaces itself by a program that the kernel kills when its parent dies. The setting (1 is PR_SET_PDEATHSIG) survives
#: exec.
_DIE_WITH_PARENT = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment variables without those that would change a build.

    Args:
        extra: variables to add.
    """
    allowed = (*_PIP_SOURCES, NO_BYTECODE)
    env = {name: value for name, value in os.environ.items() if name in allowed or not name.startswith(_DROPPED)}
    return {**env, "PYTHONNOUSERSITE": "1", **(extra or {})}


def run_step(
    step: str,
    command: Sequence[str],
    log: Path,
    *,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    echo: Callable[[str], None] | None = None,
    redact: Callable[[str], str] | None = None,
    reason: Callable[[str], str] | None = None,
) -> None:
    """Run one program of a build and append its output to a log file.

    Args:
        step: what the program does, for error messages.
        command: the program and its arguments.
        log: the log file.
        timeout_s: the program is killed after this many seconds.
        env: all its environment variables; by default `clean_environment()`.
        cwd: its working directory; by default the caller's.
        echo: called with every line of its output.
        redact: removes what nobody may see from the command and from a line of the output.
        reason: returns the part of the output that says why the program failed; by default the most probable line.

    Raises:
        FreezeError: if the program fails or takes too long. The message names the step, the reason and the log.
    """
    redact = redact or str
    is_read = bool(echo) or redact is not str
    with log.open("ab") as sink:
        sink.write(f"$ {redact(' '.join(command))}\n".encode())
        sink.flush()
        start = sink.tell()
        process = subprocess.Popen(
            _dying_with_parent(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if is_read else sink,
            stderr=subprocess.STDOUT,
            env=dict(clean_environment() if env is None else env),
            cwd=cwd,
            start_new_session=True,
        )
        deadline = Timer(timeout_s, os.killpg, (process.pid, signal.SIGKILL))
        deadline.start()
        try:
            if process.stdout:
                for content in process.stdout:
                    line = redact(content.decode(errors="replace"))
                    sink.write(line.encode())
                    if echo:
                        echo(line.rstrip())
            status = process.wait()
        finally:
            is_late = deadline.finished.is_set()
            deadline.cancel()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.stdout:
                process.stdout.close()
    if status and is_late:
        raise FreezeError(f"{step} was stopped after {timeout_s:g} s; its output is in {log}")
    if status:
        with log.open("rb") as file:
            file.seek(start)
            output = file.read().decode(errors="replace")
        text = (reason or _reason)(output)
        parts = (f":\n{text}\n", "Its") if "\n" in text else (f": {text}; ", "its")
        raise FreezeError(f"{step} failed (status {status}){parts[0]}{parts[1]} whole output is in {log}")


def run_captured(
    purpose: str, command: Sequence[str], *, timeout_s: float, env: Mapping[str, str], cwd: Path | None = None
) -> tuple[int, str, str]:
    """Run a program and return its output.

    Args:
        purpose: what the caller wants from the program, for error messages.
        command: the program and its arguments.
        timeout_s: the program is killed after this many seconds.
        env: all its environment variables.
        cwd: its working directory; by default the caller's.

    Returns:
        Its exit status, its stdout and its stderr.

    Raises:
        FreezeError: if the program cannot be started or does not end in time.
    """
    process = None
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
        stdout, stderr = process.communicate(timeout=timeout_s)
    except OSError as error:
        raise FreezeError(f"{purpose}: {command[0]} cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired:
        raise FreezeError(f"{purpose}: {command[0]} did not end within {timeout_s:g} s") from None
    finally:
        if process is not None and process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)  # the group, because a one-file program is two processes
            process.communicate()
    return process.returncode, stdout.decode(errors="replace"), stderr.decode(errors="replace")


@contextmanager
def background(
    purpose: str, command: Sequence[str], *, timeout_s: float, env: Mapping[str, str], cwd: Path
) -> Iterator[Callable[[], tuple[int, str, str]]]:
    """Run a program during the block. Its end kills the program if it still runs.

    Args:
        purpose: what the caller wants from the program, for error messages.
        command: the program and its arguments.
        timeout_s: how many seconds the caller waits for the program's end.
        env: all its environment variables.
        cwd: its working directory.

    Yields:
        A function that waits for the program's end and returns its exit status, its stdout and its stderr.

    Raises:
        FreezeError: from the function, if the program does not end in time.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            _dying_with_parent(command),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )

        def wait() -> tuple[int, str, str]:
            try:
                status = process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                raise FreezeError(f"{purpose}: {command[0]} did not end within {timeout_s:g} s") from None
            stdout.seek(0)
            stderr.seek(0)
            return status, stdout.read().decode(errors="replace"), stderr.read().decode(errors="replace")

        try:
            yield wait
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def last_line(output: str) -> str:
    """The last line of a program's output that is not blank, for error messages."""
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else _NO_OUTPUT


def _dying_with_parent(command: Sequence[str]) -> list[str]:
    """A command that ends with this process. Otherwise pip or PyInstaller would continue after dagfloe is killed."""
    if not sys.platform.startswith("linux"):
        return [*command]
    return [sys.executable, "-I", "-c", _DIE_WITH_PARENT, str(os.getpid()), *command]


def _reason(output: str) -> str:
    """The line of a program's output that most probably gives the reason of a failure."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "fatal")) or "Error:" in line]
    return (errors or lines or [_NO_OUTPUT])[-1][:_MAX_REASON]
