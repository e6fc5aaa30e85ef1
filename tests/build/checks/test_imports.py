"""The judgement of a frozen program's imports by those of its project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.build.checks.contents import Contents
from dagfloe.build.checks.imports import check_imports
from dagfloe.build.project import read_project
from dagfloe.format.errors import FreezeError

if TYPE_CHECKING:
    from pathlib import Path

    from dagfloe.build.project import Project

SITE = "/env/lib/python3.11/site-packages"
FOLDER = "/work/_internal"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with settings."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "tasks.py").write_text("")
    (tmp_path / "src" / "own.txt").write_text("")
    (tmp_path / "outside.txt").write_text("")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\n[tool.dagfloe]\nbundle = "tasks:bundle"\nhidden-imports = ["wave"]\n'
        'exclude = ["left_out"]\ndata = ["outside.txt:."]\n'
    )
    return read_project(tmp_path)


def problem(error: str = "ImportError", message: str = "no", causes: Any = (), **fields: Any) -> dict[str, Any]:
    """A problem of a self-check."""
    return {"error": error, "message": message, "where": "a.py:1", "missing": None, **fields, "causes": [*causes]}


def missing(name: str) -> dict[str, Any]:
    """The problem of a missing module."""
    return problem("ModuleNotFoundError", f"No module named {name!r}", missing=name)


def report(modules: Any = None, imports: Any = None, **fields: Any) -> dict[str, Any]:
    """The report of a self-check."""
    used = {"loaded": [], "read": [], "libraries": [], "folder": FOLDER}
    return {"modules": modules or {}, "imports": imports or {}, **used, **fields}


def check(
    project: Project,
    frozen: dict[str, Any],
    unfrozen: dict[str, Any],
    named: dict[str, tuple[bool, str]] | None = None,
    contents: Contents | None = None,
    installed: tuple[str, ...] = (),
) -> list[str]:
    """Check imports; return the lines of the error after the first one, or none."""
    contents = contents or Contents(frozenset(), frozenset())
    try:
        check_imports(project, frozen, unfrozen, named or {}, contents, lambda names: {*names} & {*installed})
    except FreezeError as error:
        first, *lines = str(error).splitlines()
        assert first == "the frozen program cannot import all of its modules:"
        return [line.strip() for line in lines]
    return []


def write_line(project: Project) -> str:
    """The line before settings."""
    return f"the project uses what PyInstaller did not see: in [tool.dagfloe] of {project.pyproject} write"


def test_no_problem(project: Project) -> None:
    """Imports that work are fine."""
    assert check(project, report({"tasks": None}, {"json": None}), report()) == []


def test_hidden_imports(project: Project) -> None:
    """All modules that the project loads and the program lacks are listed at once, with those that are set."""
    loaded = ["plugin", "plugin.one", "plugin.two", "json", "left_out.x", "_virtualenv", "dagfloe.errors"]
    contents = Contents(frozenset({"json"}), frozenset())
    lines = check(
        project,
        report({"tasks": missing("plugin")}),
        report({"tasks": None}, loaded=loaded),
        contents=contents,
        installed=("plugin",),
    )
    assert lines == [write_line(project), 'hidden-imports = ["plugin", "plugin.one", "plugin.two", "wave"]']


def test_module_that_is_not_installed(project: Project) -> None:
    """For modules that are not installed, the error asks for a distribution, and names the line that imports them."""
    problems = {"nowhere_1": missing("nowhere_1"), "nowhere_2:x": missing("nowhere_2")}
    named = {"nowhere_1": (False, "tasks.py:3"), "nowhere_2:x": (False, "tasks.py:4")}
    lines = check(project, report({}, problems), report({}, problems), named)
    message = "'nowhere_1' and 'nowhere_2' are not installed: add the distribution that has them to [project]"
    assert lines == [
        f"{message} dependencies of {project.pyproject}",
        "tasks.py:3 imports nowhere_1; if the code works without it, catch ImportError there",
    ]


@pytest.mark.parametrize("target", ["nowhere", "left_out", "left_out:x", "left_out.sub"])
def test_imports_that_may_fail(project: Project, target: str) -> None:
    """An optional import that fails in the project too, and an excluded module, are not errors."""
    unfrozen = missing(target) if target == "nowhere" else None
    frozen = report({}, {target: missing(target)})
    assert check(project, frozen, report({}, {target: unfrozen}), {target: (True, "tasks.py:1")}) == []


def test_optional_import_that_works_in_the_project(project: Project) -> None:
    """An optional import that works in the project works in the file, too."""
    named = {"fast": (True, "tasks.py:1")}
    lines = check(
        project, report({}, {"fast": missing("fast")}), report({}, {"fast": None}), named, installed=("fast",)
    )
    assert lines[1:] == ['hidden-imports = ["fast", "wave"]']


def test_metadata(project: Project) -> None:
    """Missing metadata is cured with `metadata`, also when the project reads more of it, or hides the exception."""
    lost = problem("PackageNotFoundError", "no", distribution="Some.Dist")
    read = [[f"{SITE}/other_dist-1.0.dist-info/METADATA", "other_dist-1.0.dist-info/METADATA", False]]
    for frozen in (lost, problem("RuntimeError", causes=[lost])):
        lines = check(project, report({"tasks": frozen}), report({"tasks": None}, read=read))
        assert lines[:2] == [write_line(project), 'metadata = ["some-dist"]']
        assert "PackageNotFoundError: no (at a.py:1)" in lines[-1]
    requirement = problem("DistributionNotFound", "no", distribution="dist>=1")
    assert check(project, report({"tasks": requirement}), report())[1] == 'metadata = ["dist"]'


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("chart/styles/dark.style", 'package-data = ["chart"]'),
        ("space/chart/dark.style", 'package-data = ["space.chart"]'),
        ("chart/lib.so.1", 'collect = ["chart"]'),
        ("chart/template.py", 'collect = ["chart"]'),
        ("odd-folder/x.txt", 'collect = ["odd-folder"]'),
        ("dist-1.0.dist-info/x.txt", 'metadata = ["dist"]'),
        ("own.txt", 'data = ["outside.txt:.", "src/own.txt:."]'),
    ],
)
def test_missing_files(project: Project, file: str, line: str) -> None:
    """A missing file is cured with the setting for its kind."""
    loaded = ["chart", "space.chart", "space.chart.part"]
    contents = Contents(frozenset(loaded), frozenset())
    lost = problem("FileNotFoundError", file=f"{FOLDER}/{file}")
    lines = check(project, report({"tasks": lost}), report({"tasks": None}, loaded=loaded), contents=contents)
    assert lines == [write_line(project), line, "tasks: FileNotFoundError: no (at a.py:1)"]


def test_missing_library(project: Project) -> None:
    """A missing library is cured with `collect`, by the exception or by what the project loads."""
    lost = problem("OSError", f"{FOLDER}/native/libx.so: cannot open shared object file: No such file or directory")
    assert check(project, report({"tasks": lost}), report({"tasks": None}))[1] == 'collect = ["native"]'
    unfrozen = report({"tasks": None}, libraries=[f"{SITE}/native/libx.so", "libc.so.6"])
    assert check(project, report({"tasks": problem()}), unfrozen)[1] == 'collect = ["native"]'


def test_failure_of_the_code(project: Project) -> None:
    """An import that fails in the project, too, is shown with the project's own exception and its causes."""
    cause = problem("KeyError", "'x'")
    lines = check(
        project,
        report({"tasks": problem("TypeError", "frozen")}),
        report({"tasks": problem("RuntimeError", "not today", causes=[cause])}, loaded=["unrelated"]),
    )
    assert lines == ["tasks: RuntimeError: not today (at a.py:1)", "because of KeyError: 'x' (at a.py:1)"]


def test_many_problems(project: Project) -> None:
    """Of many exceptions, the first ten are shown."""
    problems = {f"m{index}": problem("E") for index in range(20)}
    assert len(check(project, report(problems), report(problems))) == 10
