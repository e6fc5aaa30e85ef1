"""How commands fail: with one message and an exit status, never with a traceback."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from dagfloe.cli.show.terminal_text import escape_controls
from dagfloe.errors import DagfloeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_R = TypeVar("_R")


def exit_on_error(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorate a command so that a `DagfloeError` or an `OSError` ends it with one message.

    The exit status is 2 for a `UsageError`, and 1 otherwise. The message shows control characters as escapes, because
    it may quote a bundle file.
    """

    @functools.wraps(function)
    def command(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except UsageError as error:
            raise click.UsageError(escape_controls(str(error))) from error
        except DagfloeError as error:
            raise click.ClickException(escape_controls(str(error))) from error
        except BrokenPipeError:
            raise  # the reader of our output closed the pipe: click exits without a message
        except OSError as error:
            prefix = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(escape_controls(f"{prefix}{error.strerror or error}")) from error

    return command
