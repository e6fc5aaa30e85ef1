"""Runs a program with a bundle's command line, frozen or not: reads its metadata, and lets it check its imports."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dagfloe.build.child_process import background, clean_environment, last_line, run_captured
from dagfloe.format.errors import FreezeError
from dagfloe.runtime.check.self_check import TARGETS_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

_TIMEOUT_S = 300
#: How many lines of a program's stderr an error shows: the exception, and what the program says about it.
_LINES = 2
_METADATA, _SELF_CHECK = "--bundle-metadata", "--self-check"
#: What the build wants from the program, by the option.
_PURPOSES = {_METADATA: "reading the metadata", _SELF_CHECK: "the self-check"}


class FrozenProgram:
    """A frozen program, packed to a bundle file or not.

    Args:
        path: the program.
        work: the work folder of the build. The program unpacks itself there, and not into the user's cache. It also is
            its current folder: on a worker, the project's folder is not the current one.
    """

    def __init__(self, path: Path, work: Path) -> None:
        self._path = path.absolute()
        self._cache = work.absolute() / "unpacked"
        self._folder = work.absolute() / "elsewhere"

    def read_metadata(self) -> dict[str, Any]:
        """The metadata that the program prints.

        Raises:
            FreezeError: if it prints none.
        """
        return read_metadata("the frozen program", *self._run(_METADATA, {}))

    def self_check(self, targets_file: Path) -> dict[str, Any]:
        """The report of the program's self-check.

        Args:
            targets_file: a JSON file with what else it imports.

        Raises:
            FreezeError: if it prints none.
        """
        answer = self._run(_SELF_CHECK, {TARGETS_VARIABLE: str(targets_file)})
        return read_report("the frozen program", *answer)

    def _run(self, option: str, variables: dict[str, str]) -> tuple[int, str, str]:
        self._cache.mkdir(exist_ok=True)
        self._folder.mkdir(exist_ok=True)
        folders = {"TMPDIR": str(self._cache), "DAGFLOE_CACHE_DIR": str(self._cache)}
        return run_captured(
            _PURPOSES[option],
            [str(self._path), option],
            timeout_s=_TIMEOUT_S,
            env=clean_environment({**folders, **variables}),
            cwd=self._folder,
        )


class UnfrozenProgram:
    """The project itself, in its environment, while the build freezes it.

    Args:
        argv: the interpreter and the entry script.
        paths: the folders of modules.
        folder: the current folder of the program.
        bytecode: the variables with which Python keeps its bytecode.
    """

    def __init__(self, argv: Iterable[Path], paths: Iterable[Path], folder: Path, bytecode: Mapping[str, str]) -> None:
        self._argv = [str(argument) for argument in argv]
        self._paths = ":".join(map(str, paths))
        self._folder = folder
        self._bytecode = bytecode

    @contextmanager
    def start_metadata(self) -> Iterator[Callable[[], dict[str, Any]]]:
        """Start to read the metadata that the project declares. Yield a function that waits for them.

        Raises:
            FreezeError: from the function, if the program prints none.
        """
        with self._start(_METADATA, {}) as wait:
            yield lambda: read_metadata("the project without freezing", *wait())

    @contextmanager
    def start_self_check(self, targets_file: Path) -> Iterator[Callable[[], dict[str, Any]]]:
        """Start the self-check. Yield a function that waits for its report.

        Args:
            targets_file: a JSON file with what else it imports.

        Raises:
            FreezeError: from the function, if the program prints none.
        """
        with self._start(_SELF_CHECK, {TARGETS_VARIABLE: str(targets_file)}) as wait:
            yield lambda: read_report("the project without freezing", *wait())

    @contextmanager
    def _start(self, option: str, variables: dict[str, str]) -> Iterator[Callable[[], tuple[int, str, str]]]:
        env = clean_environment({"PYTHONPATH": self._paths, **self._bytecode, **variables})
        command = [*self._argv, option]
        with background(_PURPOSES[option], command, timeout_s=_TIMEOUT_S, env=env, cwd=self._folder) as wait:
            yield wait


def read_metadata(program: str, status: int, stdout: str, stderr: str) -> dict[str, Any]:
    """The metadata in a program's output.

    Args:
        program: what ran, for error messages.
        status: its exit status.
        stdout: its stdout.
        stderr: its stderr.

    Raises:
        FreezeError: if the output contains no metadata.
    """
    try:
        if status == 0 and isinstance(metadata := json.loads(stdout), dict):
            return metadata
    except (ValueError, RecursionError):
        pass
    lines = [line for line in stderr.splitlines() if line.strip()][-_LINES:]
    reason = "\n  ".join(lines) or last_line(stderr)
    raise FreezeError(f"{program} did not print its metadata (status {status}): {reason}")


def read_report(program: str, status: int, stdout: str, stderr: str) -> dict[str, Any]:
    """The report of a self-check in a program's output; arguments as for `read_metadata`.

    Raises:
        FreezeError: if the output contains no report.
    """
    try:
        report = json.loads(stdout)
        if isinstance(report["modules"], dict):
            return {"imports": {}, "loaded": [], "origins": {}, "read": [], "libraries": [], **report}
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    raise FreezeError(f"the self-check of {program} crashed (status {status}): {last_line(stderr)}") from None
