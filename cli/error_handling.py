"""How commands fail: with one message and an exit status, never with a traceback.

This is the one place at which errors of any class end. A `DagfloeError` or an `OSError` has a message that says what to
do. Any other error is a defect of dagfloe, and the message says how to see its traceback.
"""

from __future__ import annotations

import errno
import functools
import os
import sys
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from dagfloe.cli.show.terminal_text import escape_controls, shorten, to_one_line
from dagfloe.errors import DagfloeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_P = ParamSpec("_P")
_R = TypeVar("_R")
#: If this variable is set, a defect shows its traceback.
_TRACEBACK = "DAGFLOE_TRACEBACK"
_MAX_REASON = 300


def exit_on_error(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorate a command so that an error ends it with one message.

    The exit status is 2 for a `UsageError`, and 1 otherwise. The message shows control characters as escapes, because
    it may quote a bundle file.
    """

    @functools.wraps(function)
    def command(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with errors_as_messages():
            return function(*args, **kwargs)

    return command


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """Turn errors of any class into those that click shows as one message."""
    try:
        yield
    except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
        raise  # of the last one, click exits without a message: the reader of our output has ended
    except UsageError as error:
        raise click.UsageError(escape_controls(str(error))) from error
    except Exception as error:
        raise click.ClickException(escape_controls(_describe(error))) from error


@contextmanager
def escaped_messages() -> Iterator[None]:
    """Show control characters in click's own messages as escapes: they quote arguments."""
    try:
        yield
    except click.ClickException as error:
        vars(error)["message"] = escape_controls(error.message)  # click declares it final
        raise


def _describe(error: Exception) -> str:
    if isinstance(error, DagfloeError):
        return str(error)
    if isinstance(error, OSError):
        return _describe_os_error(error)
    if isinstance(error, MemoryError):
        return "not enough memory: free some, or raise the limit of this process"
    if os.environ.get(_TRACEBACK):
        traceback.print_exception(error, file=sys.stderr)
    reason = shorten(to_one_line(str(error)), _MAX_REASON)
    return (
        f"unexpected {type(error).__name__}: {reason}. This is a defect of dagfloe: set {_TRACEBACK}=1 to see the "
        "traceback, and report it"
    )


def _describe_os_error(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    if error.filename:
        return f"{os.fspath(error.filename)!s}: {reason}"
    if error.errno == errno.ENOENT:
        return "the current folder was deleted: change to another one"
    if error.errno in (errno.ENOSPC, errno.EBADF, errno.EFBIG, errno.EDQUOT):
        return f"the output cannot be written: {reason}"
    return reason
