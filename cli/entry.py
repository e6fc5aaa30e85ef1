"""The entry point of the program `dagfloe`: it prepares the process, loads the tool, and flushes the output.

While the tool loads, Ctrl-C ends the process at once and without a traceback. Then the tool handles signals itself.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from io import TextIOWrapper

if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

#: How a closed stream is opened again, so that no other file gets its descriptor. Writing to the output then fails, as
#: it would with the closed stream, and nobody reads error messages.
_CLOSED = {0: os.O_RDONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}


def main() -> None:
    """Load the tool and run it."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name may have bytes that the locale cannot encode
    from dagfloe.cli.tool import main as tool  # noqa: PLC0415 - loading takes long enough to be interrupted

    status: str | int | None = None
    try:
        tool()
    except SystemExit as exit_:
        status = exit_.code
    problem = _flush()
    if problem is not None and not status:
        status = 1
        if problem:
            with suppress(OSError):
                sys.stderr.write(f"Error: the output cannot be written: {problem}\n")
    raise SystemExit(status)


def _open_closed_streams() -> None:
    for descriptor, flags in _CLOSED.items():
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)  # gets the lowest free descriptor, which is this one
    if sys.stdin is None:
        sys.stdin = open(0)  # noqa: SIM115 - until the process ends
    if sys.stdout is None:
        sys.stdout = open(1, "w")  # noqa: SIM115 - as above
    if sys.stderr is None:
        sys.stderr = open(2, "w")  # noqa: SIM115 - as above


def _flush() -> str | None:
    """Write what is left of the output.

    Returns:
        None if that succeeds; else the reason, which is empty if the reader of the output has ended.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, 1)  # so that Python's own last flush succeeds
        os.close(descriptor)
        return "" if isinstance(error, BrokenPipeError) else error.strerror or str(error)
    return None
