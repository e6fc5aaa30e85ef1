"""How the tool's commands fail: one clear message, an exit status, never a traceback."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from dagfloe.cli.show.terminal_text import safe
from dagfloe.errors import DagfloeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_R = TypeVar("_R")


def tell_errors(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let a command end with the message of a `DagfloeError` or `OSError`: status 2 for usage, else 1.

    A message goes to a terminal or a log: what would move the cursor there is shown as an escape.
    """

    @functools.wraps(function)
    def command(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except UsageError as error:
            raise click.UsageError(safe(str(error))) from error
        except DagfloeError as error:
            raise click.ClickException(safe(str(error))) from error
        except BrokenPipeError:
            raise  # whoever reads our output has seen enough: click ends quietly
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(safe(f"{where}{error.strerror or error}")) from error

    return command
