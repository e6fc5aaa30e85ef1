"""Groups what moves into projects, and writes their files. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from dagfloe.adopt.environments import Environment, is_isolated
from dagfloe.adopt.module import render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagfloe.adopt.module import Part
    from dagfloe.adopt.plan import Unit

#: The file that remembers what was written.
RECORD = "adopted.json"
#: The record of a project that does not exist.
NO_RECORD: dict[str, Any] = {"dag_file": "", "queue": "", "environment": "", "tasks": [], "digests": {}}
_IGNORED = """\
/dist/
/build/
*.egg-info/
__pycache__/
.pytest_cache/
.ruff_cache/
.venv/
"""


@dataclass
class Project:
    """A project: what moves into one environment.

    Attributes:
        name: its name, which is also the name of its folder and of its bundle file.
        queue: the queue of its tasks.
        environment: its environment.
        units: what moves into it.
        dependencies: its dependencies.
    """

    name: str
    queue: str
    environment: Environment
    units: list[Unit] = field(default_factory=list)
    dependencies: tuple[str, ...] = ()

    @property
    def uses_airflow(self) -> bool:
        """Whether its functions use names of Airflow."""
        return any(unit.uses_airflow for unit in self.units)

    @property
    def task_ids(self) -> list[tuple[str, str]]:
        """Its tasks: dag_ids and task_ids."""
        return [(str(task.dag.dag_id), task.task_id) for unit in self.units for task in unit.tasks]


@dataclass(frozen=True)
class KnownProject:
    """A project that an earlier run wrote for the Dag file.

    Attributes:
        queue: its queue.
        tasks: its tasks: dag_ids and task_ids.
        environment: its environment, as `describe_environment` describes it.
    """

    queue: str
    tasks: tuple[tuple[str, str], ...]
    environment: str


def describe_environment(environment: Environment) -> str:
    """An environment as a string, to compare it with those of other runs."""
    return json.dumps([list(value) if isinstance(value, tuple) else value for value in astuple(environment)])


def make_projects(
    units: Sequence[Unit], stem: str, queue: str | None, known: Mapping[str, KnownProject]
) -> list[Project]:
    """Group what moves by environment.

    Args:
        units: what moves.
        stem: the name of the Dag file without its ending.
        queue: the queue of the tasks; None for the project's name, or the queue that the project has.
        known: the projects that an earlier run wrote for this Dag file, by name.
    """
    groups: dict[Environment, list[Unit]] = {}
    for unit in units:
        groups.setdefault(_shared_environment(unit, units), []).append(unit)
    base = canonicalize_name(re.sub(r"[^A-Za-z0-9]+", "-", stem)).strip("-") or "dag"
    used: set[str] = set()
    projects = []
    for environment, own in groups.items():
        name = _known_name(environment, own, {key: item for key, item in known.items() if key not in used})
        if not name:
            first = re.sub(r"[^A-Za-z0-9]+", "-", own[0].tasks[0].task_id)
            stem_name = base if len(groups) == 1 and base not in known else canonicalize_name(f"{base}-{first}")
            name, number = stem_name.strip("-"), 2
            while name in used or name in known:
                name, number = f"{stem_name}-{number}", number + 1
        used.add(name)
        if queue is not None:
            own_queue = queue + name.removeprefix(base)
        else:
            own_queue = known[name].queue if name in known else name
        projects.append(Project(name, own_queue, environment, own))
    return projects


def _known_name(environment: Environment, units: Sequence[Unit], known: Mapping[str, KnownProject]) -> str:
    """The project of an earlier run that has these tasks, or their environment; an empty string for none."""
    ids = {(str(task.dag.dag_id), task.task_id) for unit in units for task in unit.tasks}
    best = max(known, key=lambda name: len(ids & set(known[name].tasks)), default="")
    if best and ids & set(known[best].tasks):
        return best
    described = describe_environment(environment)
    return next((name for name, item in known.items() if item.environment == described), "")


def _shared_environment(unit: Unit, units: Sequence[Unit]) -> Environment:
    """The environment of a unit. One that needs no packages joins the first project of the file."""
    if is_isolated(unit.site.flavor) or unit.environment != Environment():
        return unit.environment
    others = (other.environment for other in units if other.environment != Environment())
    return next((other for other in others if not other.variables), unit.environment)


def render_pyproject(project: Project, version: str, release: str, *, is_native: bool) -> str:
    """The `pyproject.toml` of a project.

    Args:
        project: the project.
        version: the version of dagfloe.
        release: the oldest Airflow that runs the file.
        is_native: whether the file has native Dags.
    """
    lines = [
        "[build-system]",
        'requires = ["setuptools>=61"]',
        'build-backend = "setuptools.build_meta"',
        "",
        "[project]",
        f"name = {_toml(project.name)}",
        'version = "0.1.0"',
        f"requires-python = {_toml(project.environment.requires_python)}",
    ]
    if project.dependencies:
        lines += ["dependencies = [", *(f"    {_toml(item)}," for item in project.dependencies), "]"]
    else:
        lines.append("dependencies = []")
    lines += [
        "",
        "[project.optional-dependencies]",
        f'dev = ["dagfloe>={version}", "pytest>=8"]  # for development; not in the bundle file',
        "",
        "[tool.dagfloe]",
        'bundle = "tasks:bundle"',
        f"airflow = {_toml(release)}",
    ]
    if is_native:
        lines.append("native-dags = true  # Airflow gets the Dags from the bundle file")
    if project.uses_airflow:
        lines.append("airflow-names = true  # the functions import Airflow's names, or use its context")
    lines += ["", "[tool.setuptools]", 'py-modules = ["tasks"]', "", "[tool.pytest.ini_options]", 'pythonpath = ["."]']
    for url in project.environment.indexes:
        lines += ["", "[[tool.uv.index]]", f"url = {_toml(url)}"]
    return "\n".join(lines) + "\n"


def render_tests(project: Project) -> str:
    """A test for each task; it is skipped until somebody writes what it checks."""
    lines = [
        '"""Runs each task alone. The fixture `dagfloe_env` stands in for Airflow."""',
        "",
        "import pytest",
        "from dagfloe.testing import TaskEnvironment",
        "",
        "from tasks import bundle",
    ]
    used: set[str] = set()
    for unit in project.units:
        for task in unit.tasks:
            name = re.sub(r"\W+", "_", task.task_id)
            if name in used:
                name += "_" + re.sub(r"\W+", "_", str(task.dag.dag_id))
            used.add(name)
            sources = dict.fromkeys(task.xcoms)
            lines += [
                "",
                "",
                '@pytest.mark.skip(reason="set what the task gets, and check what it returns")',
                f"def test_{name}(dagfloe_env: TaskEnvironment) -> None:",
            ]
            for task_id, key in sources:
                place = _code(task_id) if key == "return_value" else f"{_code(task_id)}, {_code(key)}"
                lines.append(f"    dagfloe_env.xcoms[{place}] = None  # what this task pushes")
            lines += [
                f"    task = bundle.dags[{_code(str(task.dag.dag_id))}].tasks[{_code(task.task_id)}]",
                "    result = dagfloe_env.run(task)",
                '    assert result.state == "success"',
                "    assert result.value is None",
            ]
    return "\n".join(lines) + "\n"


def render_files(
    project: Project, parts: Sequence[Part], version: str, release: str, *, is_native: bool
) -> dict[str, str]:
    """The files of a project, by their paths in it."""
    return {
        "pyproject.toml": render_pyproject(project, version, release, is_native=is_native),
        "tasks.py": render(parts),
        "tests/test_tasks.py": render_tests(project),
        ".gitignore": _IGNORED,
    }


def _toml(text: str) -> str:
    """A string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _code(text: str) -> str:
    return json.dumps(text)
