"""Reads a Dag file, and makes the files of the projects and the new Dag file. It reads and writes no files itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dagfloe.adopt.dag_file import DagFileWriter
from dagfloe.adopt.dag_options import NativeError, carried_params, native_options
from dagfloe.adopt.module import ModuleWriter
from dagfloe.adopt.planner import Planner
from dagfloe.adopt.project import make_projects, render_files
from dagfloe.adopt.reading.cst_nodes import CstNodes
from dagfloe.adopt.reading.interpreter import Interpreter
from dagfloe.adopt.reading.source import SourceFile
from dagfloe.constants import DEFAULT_QUEUE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from dagfloe.adopt.plan import Choice, Plan
    from dagfloe.adopt.project import KnownProject, Project


@dataclass(frozen=True)
class Surroundings:
    """What is around the Dag file.

    Attributes:
        is_local: whether a module is beside the Dag file, by name.
        find_versions: the distributions that have modules, as requirements, by the module's name; the first argument is
            the Python that has them.
        known: the projects that an earlier run wrote for the file, by name.
        version: the version of dagfloe.
    """

    is_local: Callable[[str], bool]
    find_versions: Callable[[str, Collection[str]], Mapping[str, str]]
    known: Mapping[str, KnownProject]
    version: str


@dataclass
class Adoption:
    """What adopting a Dag file makes.

    Attributes:
        plan: what moves and what stays.
        projects: the projects.
        files: the files of the projects, by the project's name and the path in it.
        dag_file: the content of the new Dag file; empty if the Dags are native.
        task_ids: the tasks that the file creates: dag_ids and task_ids.
        native_problem: why the Dags need a Dag file, if native Dags were asked for; else empty.
    """

    plan: Plan
    projects: list[Project]
    dag_file: bytes
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    task_ids: set[tuple[str, str]] = field(default_factory=set)
    native_problem: str = ""


def adopt(content: bytes, name: str, stem: str, choice: Choice, queue: str | None, around: Surroundings) -> Adoption:
    """Adopt a Dag file.

    Args:
        content: the file's content.
        name: the file's name, for messages.
        stem: its name without folder and ending.
        choice: which tasks are to move.
        queue: the queue of the tasks; None for the name of the project.
        around: what is around the file.

    Raises:
        SourceError: if the file cannot be read.
    """
    source = SourceFile.parse(content, name)
    interpreter = Interpreter(name)
    interpreter.run(source.tree)
    task_ids = {(str(dag.dag_id), task_id) for dag in interpreter.dags for task_id in dag.tasks}
    plan = Planner(source, interpreter, choice, around.is_local).plan()
    native: dict[str, dict[str, str]] | None = None
    problem = ""
    if choice.is_native and plan.units:
        try:
            native = native_options(source, interpreter, plan)
            if len(make_projects(plan.units, stem, queue, around.known)) > 1:
                raise NativeError("the tasks have different requirements")
        except NativeError as error:
            native, problem = None, str(error)
            choice = replace(choice, is_native=False)
            plan = Planner(source, interpreter, choice, around.is_local).plan()
    if not plan.units:
        return Adoption(plan, [], content, task_ids=task_ids)
    options = carried_params(source, interpreter, plan) if native is None else native
    nodes = CstNodes(source)
    projects = make_projects(plan.units, stem, queue, around.known)
    writer = ModuleWriter(source, nodes)
    files = {}
    for project in projects:
        project.dependencies = _dependencies(project, choice, around)
        if native is not None:
            project.queue = DEFAULT_QUEUE if queue is None else queue
            for task in (task for unit in project.units for task in unit.tasks if queue is not None):
                task.options["queue"] = repr(queue)
        parts = writer.parts(project.units, project.environment.variables, options, is_native=native is not None)
        files[project.name] = render_files(project, parts, around.version, choice.release, is_native=native is not None)
    queues = {id(unit): project.queue for project in projects for unit in project.units}
    dag_file = DagFileWriter(source, nodes, interpreter).write([(unit, queues[id(unit)]) for unit in plan.units])
    if native is not None:
        dag_file = b""
    return Adoption(plan, projects, dag_file, files, task_ids, problem)


def _dependencies(project: Project, choice: Choice, around: Surroundings) -> tuple[str, ...]:
    """The dependencies of a project: its requirements, or what its functions import."""
    missing = {root for unit in project.units for root in unit.missing}
    found = around.find_versions(project.environment.python, missing) if missing else {}
    given = choice.requirements if missing or project.environment.is_open else ()
    named = {canonicalize_name(Requirement(text).name) for text in given}
    others = [text for text in found.values() if canonicalize_name(Requirement(text).name) not in named]
    dependencies = {*project.environment.requirements, *given, *others}
    if any(unit.uses_pendulum for unit in project.units) and not any(
        canonicalize_name(Requirement(text).name) == "pendulum" for text in dependencies
    ):
        dependencies.add("pendulum")
    return tuple(sorted(dependencies, key=str.lower))
