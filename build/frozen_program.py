"""Runs a frozen program to read its metadata, and to see that it can import its modules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dagfloe.build.child_process import clean_environment, last_line, run_captured
from dagfloe.format.errors import FreezeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dagfloe.build.project import Project
    from dagfloe.build.python.virtualenv import Environment

_TIMEOUT_S = 300


class FrozenProgram:
    """A frozen program, packed to a bundle file or not.

    Args:
        path: the program.
        work: the work folder of the build. The program unpacks itself there, and not into the user's cache.
    """

    def __init__(self, path: Path, work: Path) -> None:
        self._path = path
        self._cache = work / "unpacked"

    def read_metadata(self) -> dict[str, Any]:
        """The metadata that the program prints.

        Raises:
            FreezeError: if it prints none.
        """
        status, stdout, stderr = self._run("reading the metadata", "--bundle-metadata")
        try:
            if status == 0 and isinstance(metadata := json.loads(stdout), dict):
                return metadata
        except (ValueError, RecursionError):
            pass
        raise FreezeError(f"the frozen program did not print its metadata (status {status}): {last_line(stderr)}")

    def check_imports(self, project: Project, environment: Environment) -> None:
        """Let the program import everything that it should hold.

        Args:
            project: the project that was frozen.
            environment: its environment.

        Raises:
            FreezeError: if a module is missing or its import fails. The message has a cure for every problem.
        """
        status, stdout, stderr = self._run("the self-check", "--self-check")
        try:
            modules: dict[str, Any] = json.loads(stdout)["modules"]
        except (ValueError, LookupError, TypeError, RecursionError):
            raise FreezeError(
                f"the self-check of the frozen program crashed (status {status}): {last_line(stderr)}"
            ) from None
        problems = {name: problem for name, problem in modules.items() if problem}
        if problems:
            advice = "\n  ".join(_advise(problems, project, environment))
            raise FreezeError(f"the frozen program cannot import all of its modules:\n  {advice}")

    def _run(self, purpose: str, *arguments: str) -> tuple[int, str, str]:
        self._cache.mkdir(exist_ok=True)
        env = clean_environment({"TMPDIR": str(self._cache), "DAGFLOE_CACHE_DIR": str(self._cache)})
        return run_captured(purpose, [str(self._path), *arguments], timeout_s=_TIMEOUT_S, env=env)


def _advise(problems: Mapping[str, Mapping[str, Any]], project: Project, environment: Environment) -> Iterable[str]:
    missing = sorted({str(problem["missing"]) for problem in problems.values() if problem["missing"]})
    installed = environment.find_modules(missing)
    hidden = [name for name in missing if name in installed]
    if hidden:
        line = ", ".join(f'"{name}"' for name in sorted({*project.hidden_imports, *hidden}))
        yield (
            f"PyInstaller did not see that {_and(hidden)} {'is' if len(hidden) == 1 else 'are'} imported: "
            f"in [tool.dagfloe] of {project.pyproject} write\n    hidden-imports = [{line}]"
        )
    absent = [name for name in missing if name not in installed]
    if absent:
        yield (
            f"{_and(absent)} {'is' if len(absent) == 1 else 'are'} not installed: add the distribution that has "
            f"{'it' if len(absent) == 1 else 'them'} to [project] dependencies of {project.pyproject}"
        )
    for name, problem in problems.items():
        if not problem["missing"]:
            yield f"{name}: {problem['error']}: {problem['message']} (at {problem['where']})"


def _and(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(map(repr, names[:-1])), repr(names[-1]))))
