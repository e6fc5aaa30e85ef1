"""Judges the self-check of a frozen program by that of the project: what can be imported in one works in the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.build.checks.airflow_names import PACKAGE
from dagfloe.build.checks.missing import add_causes, describe_missing, find_missing
from dagfloe.format.errors import FreezeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dagfloe.build.checks.contents import Contents
    from dagfloe.build.project import Project

_NOTHING_USED: Mapping[str, Any] = {"loaded": [], "read": [], "libraries": []}
#: How many exceptions an error shows.
_MAX_SHOWN = 10


def check_imports(
    project: Project,
    frozen: Mapping[str, Any],
    unfrozen: Mapping[str, Any],
    named: Mapping[str, tuple[bool, str]],
    contents: Contents,
    find_installed: Callable[[Iterable[str]], set[str]],
) -> None:
    """Check that a frozen program can import what the project can import.

    Args:
        project: the project.
        frozen: the report of the program's self-check.
        unfrozen: the report of the project's self-check, in its environment.
        named: what the project's code imports anywhere, by target: whether that is optional, and where it is.
        contents: what the program holds.
        find_installed: returns those of some modules that are installed in the environment.

    Raises:
        FreezeError: if the program cannot import something. The message has a cure for every problem.
    """
    problems = {name: problem for name, problem in frozen["modules"].items() if problem}
    others = {**unfrozen["modules"], **unfrozen["imports"]}
    for target, problem in frozen["imports"].items():
        is_needed = others.get(target) is None or not named[target][0]
        if problem and is_needed and not project.excludes(target.replace(":", ".")):
            problems[target] = problem
    if not problems:
        return
    names = {name for problem in problems.values() for name in _missing_modules(problem)}
    installed = find_installed(sorted(names))
    only_frozen = [problem for name, problem in problems.items() if others.get(name) is None]
    missing = find_missing(unfrozen if only_frozen else _NOTHING_USED, contents, project)
    missing.modules |= {name for name in installed if not project.excludes(name)}
    add_causes(missing, only_frozen, frozen, unfrozen["loaded"], contents, project)
    if not any("file" in cause and cause["file"] for problem in only_frozen for cause in _causes(problem)):
        missing.data.clear()  # files that the program reads without a problem
    advice = describe_missing(missing, project)
    advice += _absent_advice(project, sorted(names - installed), named)
    shown = [
        _show(name, others.get(name) or problem)
        for name, problem in problems.items()
        if not names & {*_missing_modules(problem)} or not advice
    ]
    raise FreezeError(
        "\n  ".join(["the frozen program cannot import all of its modules:", *advice, *shown[:_MAX_SHOWN]])
    )


def _absent_advice(project: Project, names: list[str], named: Mapping[str, tuple[bool, str]]) -> Iterator[str]:
    if names:
        is_one = len(names) == 1
        yield (
            f"{_and(names)} {'is' if is_one else 'are'} not installed: add the distribution that has "
            f"{'it' if is_one else 'them'} to [project] dependencies of {project.pyproject}"
        )
        if any(name.partition(".")[0] == PACKAGE for name in names) and not project.airflow_names:
            yield (
                f"  {PACKAGE}: the task functions do not need Airflow itself if [tool.dagfloe] has airflow-names = true"
            )
        places = {name: named[name][1] for name in names if name in named}
        for name, place in places.items():
            yield f"  {place} imports {name}; if the code works without it, catch ImportError there"


def _causes(problem: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [problem, *problem.get("causes", ())]


def _missing_modules(problem: Mapping[str, Any]) -> Iterator[str]:
    """The modules that the exceptions of a problem name."""
    for cause in _causes(problem):
        if cause.get("missing"):
            yield str(cause["missing"])


def _show(name: str, problem: Mapping[str, Any]) -> str:
    first, *causes = _causes(problem)
    shown = [f"{name}: {first['error']}: {first['message']} (at {first['where']})"]
    shown += [f"because of {cause['error']}: {cause['message']} (at {cause['where']})" for cause in causes]
    return "\n    ".join(shown)


def _and(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(map(repr, names[:-1])), repr(names[-1]))))
