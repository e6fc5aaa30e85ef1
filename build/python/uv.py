"""Runs uv, which resolves and installs the distributions of environments.

A message, a log and a lock may be read by others than the one who builds, so no password of an index gets into them.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from dagfloe.build.child_process import clean_environment, run_captured, run_step
from dagfloe.build.python.pip_settings import constraint_arguments, uv_arguments, uv_variables
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TIMEOUT_S = 1800
#: The user and the password in a URL.
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@:]*:[^/\s@]*(?=@)|(?<=https://)[^/\s@:]+(?=@)|(?<=http://)[^/\s@:]+(?=@)")
_HIDDEN = "****"
#: A password that is shorter is only hidden in URLs: replacing it everywhere would hide other words.
_MIN_SECRET = 6
_MAX_REASON = 6000
#: How uv begins the lines that say why it failed.
_PROBLEM = re.compile(r"\s*(error|\u00d7|x )", re.IGNORECASE)


class Uv:
    """uv with the settings of the caller, and with those of pip for which uv has none.

    Args:
        project: the project's folder. uv runs there, because it reads its own settings there.
        log: the file to append its output to.
        echo: called with every line of its output.
    """

    def __init__(self, project: Path, log: Path, echo: Callable[[str], None] | None = None) -> None:
        self._program = find_uv()
        self._project = project
        self._log = log
        self._echo = echo
        variables = uv_variables(os.environ, project)
        fixed = {"UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
        self._own_env = clean_environment(fixed)
        self._env = {**self._own_env, **variables}
        self._arguments = uv_arguments(os.environ, project)
        self._constraints = constraint_arguments(os.environ, project)
        urls = " ".join(value for name, value in self._env.items() if name.startswith("UV_") or "PROXY" in name.upper())
        self._secrets = sorted(_passwords(urls), key=len, reverse=True)

    def compile(self, step: str, *arguments: str) -> None:
        """Run `uv pip compile`, as `run` does, with pip's constraints."""
        self.run(step, "pip", "compile", "--quiet", *self._arguments, *self._constraints, *arguments)

    def install(self, step: str, *arguments: str) -> None:
        """Run `uv pip install`, as `run` does."""
        self.run(step, "pip", "install", *self._arguments, *arguments)

    def run(self, step: str, *arguments: str, with_pip_settings: bool = True) -> None:
        """Run uv.

        Args:
            step: what it does, for error messages.
            arguments: its command and arguments.
            with_pip_settings: whether pip's settings count, and not only uv's own.

        Raises:
            FreezeError: if it fails. The message has all that uv says about the reason.
        """
        run_step(
            step,
            [self._program, *arguments],
            self._log,
            timeout_s=_TIMEOUT_S,
            env=self._env if with_pip_settings else self._own_env,
            cwd=self._project,
            echo=self._echo,
            redact=self.redact,
            reason=_reason,
        )

    def ask(self, purpose: str, *arguments: str) -> str:
        """Run uv and return what it prints.

        Raises:
            FreezeError: if it cannot be started, or fails.
        """
        status, stdout, _ = run_captured(
            purpose, [self._program, *arguments], timeout_s=_TIMEOUT_S, env=self._env, cwd=self._project
        )
        return "" if status else stdout

    def redact(self, text: str) -> str:
        """A string without the passwords that are in it."""
        text = _CREDENTIALS.sub(_HIDDEN, text)
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text


def find_uv() -> str:
    """The path of uv: the one that is installed with dagfloe, or else the one on PATH.

    Raises:
        PackError: if uv is not installed.
    """
    beside = Path(sys.executable).with_name("uv")
    if beside.exists():
        return str(beside)
    try:
        from uv import find_uv_bin  # noqa: PLC0415 - uv's module is not needed if the program is beside Python

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        pass
    found = shutil.which("uv")
    if found is None:
        raise PackError("uv is not installed, which makes the environments: install it with `pip install uv`")
    return found


def _passwords(text: str) -> set[str]:
    found = set()
    for word in re.split(r"[\s,]+", text):
        with_name = word.partition("=")[2] if re.match(r"[\w.-]+=\w+://", word) else word
        try:
            password = urlsplit(with_name).password
        except ValueError:
            continue
        if password and len(password) >= _MIN_SECRET:
            found |= {password, unquote(password)}
    return found


def _reason(output: str) -> str:
    """The part of uv's output that says why it failed: from the first line of the problem to the end.

    Of the traceback of a build backend, only the last line stays; the log has the others.
    """
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    start = next((number for number, line in enumerate(lines) if _PROBLEM.match(line)), max(0, len(lines) - 1))
    reason = "\n".join(_without_tracebacks(lines[start:])) or "it printed nothing"
    return reason if len(reason) <= _MAX_REASON else f"{reason[:_MAX_REASON]} ..."


def _without_tracebacks(lines: list[str]) -> Iterator[str]:
    traceback = None
    for line in lines:
        indentation = len(line) - len(line.lstrip())
        if line.lstrip().startswith("Traceback (most recent call last)"):
            traceback = indentation
        elif traceback is None or indentation <= traceback:
            traceback = None
            yield line
