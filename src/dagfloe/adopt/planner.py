"""Decides which tasks of a Dag file move, and says why others stay. Pure."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dagfloe.adopt.distributions import distribution_of
from dagfloe.adopt.environments import Environment, Problem, is_isolated, read_environment
from dagfloe.adopt.plan import MovedTask, Plan, Refusal, Unit, variable_of
from dagfloe.adopt.reading.airflow_names import (
    CONTEXT_KEYS,
    TEMPLATE_OPTIONS,
    is_template,
    template_names,
    uncovered,
    uses_dates,
)
from dagfloe.adopt.reading.names import NameGraph
from dagfloe.adopt.reading.values import Dag, Imported, Site, Task, TaskResult, leaves
from dagfloe.adopt.task_options import OptionReader
from dagfloe.adopt.wiring import Renderer, WiringError, arguments_by_parameter, can_be_sent, is_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from dagfloe.adopt.plan import Choice
    from dagfloe.adopt.reading.interpreter import Interpreter
    from dagfloe.adopt.reading.source import SourceFile

#: The methods of `Dag` that register a function, by the task's decorator in the Dag file.
_KINDS = {
    "branch": "branch",
    "branch_external_python": "branch",
    "branch_virtualenv": "branch",
    "external_python": "task",
    "python": "task",
    "short_circuit": "short_circuit",
    "virtualenv": "task",
}


class Planner:
    """Makes a plan.

    Args:
        source: the Dag file.
        interpreter: what it creates.
        choice: which tasks are to move.
        is_local: whether a module is beside the Dag file, by name.
    """

    def __init__(
        self, source: SourceFile, interpreter: Interpreter, choice: Choice, is_local: Callable[[str], bool]
    ) -> None:
        self._source = source
        self._interpreter = interpreter
        self._choice = choice
        self._is_local = is_local
        self._graph = NameGraph(source.tree, interpreter.module)
        self._options = OptionReader(source, interpreter, self._graph, is_native=choice.is_native)
        self._wanted = set(choice.task_ids)

    def plan(self) -> Plan:
        """Decide about all tasks."""
        plan = Plan()
        sites = sorted(self._interpreter.sites.values(), key=lambda site: (site.line, site.node.col_offset))
        for site in sites:
            if not self._is_wanted(site):
                plan.others += 1 if _is_movable_kind(site.flavor) else 0
                continue
            unit, problems = self._unit(site)
            if problems:
                plan.refusals += self._refusals(site, problems)
            elif unit is not None:
                plan.units.append(unit)
        self._check_shared_functions(plan)
        known = {task.task_id for task in self._interpreter.tasks if isinstance(task.task_id, str)}
        found = known | {site.name for site in sites}
        for name in sorted(self._wanted - found):
            problem = Problem(
                0, "the file has no such task", "check the task_id; in a task group, it begins with the group's"
            )
            plan.refusals.append(Refusal("", name, problem))
        for name in sorted(self._wanted & (known - {task.task_id for site in sites for task in site.tasks})):
            problem = Problem(0, "it does not run a Python function", "leave it in the Dag file")
            plan.refusals.append(Refusal("", name, problem))
        return plan

    def _is_wanted(self, site: Site) -> bool:
        if is_isolated(site.flavor):
            return True
        if not _is_movable_kind(site.flavor):
            return bool(self._wanted & _names(site))
        return self._choice.is_all or bool(self._wanted & _names(site))

    def _refusals(self, site: Site, problems: Sequence[Problem]) -> Iterator[Refusal]:
        ids = dict.fromkeys(
            (task.dag.dag_id if task.dag and isinstance(task.dag.dag_id, str) else "", task.task_id)
            for task in site.tasks
            if isinstance(task.task_id, str)
        ) or {("", site.name): None}
        for dag_id, name in ids:
            for problem in dict.fromkeys(problems):
                yield Refusal(dag_id, name, problem)

    # One place

    def _unit(self, site: Site) -> tuple[Unit | None, list[Problem]]:
        problems: list[Problem] = []
        if site.reason:
            return None, [Problem(site.reason_line or site.line, site.reason, _advice_for(site))]
        if site.function is None:
            return None, [Problem(site.line, "its function cannot be read", "define the function in this file")]
        if not site.tasks:
            return None, [Problem(site.line, "nothing calls it, so no task has it", "call it in a Dag, or remove it")]
        if site.flavor not in _KINDS:
            return None, [
                Problem(site.line, f"a bundle has no tasks like @task.{site.flavor}", "keep it in the Dag file")
            ]
        unit = Unit(site, Environment())
        readings = [read_environment(site, options) for options in site.options]
        for reading in readings:
            problems += reading.problems
            unit.notes += [note for note in reading.notes if note not in unit.notes]
        if len({reading.environment for reading in readings}) > 1:
            problems.append(
                Problem(site.line, "its tasks have different requirements", "write one function for each of them")
            )
        unit.environment = readings[0].environment
        problems += self._function_problems(unit)
        problems += self._task_problems(unit)
        if unit.environment.is_open and not unit.missing:
            unit.environment = replace(unit.environment, python="", is_open=False)
        return unit, problems

    def _function_problems(self, unit: Unit) -> Iterator[Problem]:
        site, node = unit.site, unit.function
        if site.function is None:
            return
        if any(isinstance(item, (ast.Yield, ast.YieldFrom)) for item in _own_nodes(node)):
            yield Problem(node.lineno, "its function is a generator", "return a list")
        decorators = [item for item in node.decorator_list if not self._is_task_decorator(item)]
        scope = site.function.scope
        unit.needs = self._graph.needs([node, *decorators], scope)
        for line, text in unit.needs.problems:
            yield Problem(line, text, "change the function, and adopt it again")
        for item in sorted(unit.needs.imports | unit.needs.inner_imports, key=lambda item: item.line):
            why = uncovered(item)
            if why:
                yield Problem(item.line, why, _airflow_advice(item.module))
            elif item.root == "" or self._is_local(item.root):
                yield Problem(
                    item.line,
                    f"it imports {item.module or item.name}, a module beside the Dag file",
                    "put the module into a package that the project can require",
                )
            unit.uses_airflow |= item.root == "airflow"
        parameters = _parameter_names(node)
        unit.uses_airflow |= node.args.kwarg is not None or bool(CONTEXT_KEYS & parameters)
        roots = {item.root for item in unit.needs.imports | unit.needs.inner_imports}
        yield from self._dependencies(unit, roots)
        if unit.uses_airflow and not is_isolated(site.flavor) and uses_dates(node) and "pendulum" not in roots:
            unit.uses_pendulum = True
            unit.notes.append(
                Problem(
                    node.lineno,
                    "pendulum is among the dependencies, because it uses dates of Airflow's context",
                    "remove it if the function calls no methods of pendulum's dates; they are then those of datetime",
                )
            )

    def _dependencies(self, unit: Unit, roots: Collection[str]) -> Iterator[Problem]:
        """Check that the requirements have what the function imports; where they are unknown, take what it imports."""
        named = {canonicalize_name(Requirement(text).name) for text in unit.environment.requirements}
        missing = sorted(
            root
            for root in roots
            if root not in ("", "airflow", "__future__")
            and root not in sys.stdlib_module_names
            and not self._is_local(root)
            and not named & {canonicalize_name(name) for name in (root, distribution_of(root), root.replace("_", "-"))}
        )
        if not missing:
            return
        site = unit.site
        if unit.environment.is_open:
            unit.missing = missing
            unit.notes.append(
                Problem(
                    site.line,
                    f"it imports {', '.join(missing)}, of which the file does not say the versions",
                    "write the versions into dependencies in pyproject.toml",
                )
            )
        elif any(options.get("system_site_packages", True) is True for options in site.options):
            packages = ", ".join(missing)
            if any(options.get("system_site_packages") is True for options in site.options):
                yield Problem(
                    site.line,
                    f"system_site_packages=True: it imports {packages} from Airflow's environment",
                    "add what it imports to its requirements",
                )
            else:
                unit.notes.append(
                    Problem(
                        site.line,
                        f"it imports {packages}, which its requirements do not name",
                        "if it comes from Airflow's environment, add it to dependencies in pyproject.toml",
                    )
                )

    def _is_task_decorator(self, node: ast.expr) -> bool:
        expression = node.func if isinstance(node, ast.Call) else node
        parts = []
        while isinstance(expression, ast.Attribute):
            parts.append(expression.attr)
            expression = expression.value
        if not isinstance(expression, ast.Name):
            return False
        value = self._interpreter.module.names.get(expression.id)
        return isinstance(value, Imported) and value.is_airflow

    # The tasks of a place

    def _task_problems(self, unit: Unit) -> Iterator[Problem]:
        seen: set[tuple[int, str]] = set()
        for task in unit.site.tasks:
            line = task.call.lineno
            if task.uncertain_line:
                yield Problem(
                    task.uncertain_line,
                    "a loop or a mapped group creates it, and how often cannot be read",
                    "loop over a list that is written in the file, or map one task with .expand()",
                )
                continue
            if not isinstance(task.task_id, str) or task.dag is None or not isinstance(task.dag.dag_id, str):
                what = "its task_id" if not isinstance(task.task_id, str) else "its Dag, or the dag_id,"
                yield Problem(line, f"{what} cannot be read", "write it as a string")
                continue
            if task.problem:
                yield Problem(line, task.problem, "pass lists to .expand(), or literal arguments")
                continue
            if (id(task.dag), task.task_id) in seen:
                continue
            seen.add((id(task.dag), task.task_id))
            yield from self._read_task(unit, task, task.dag, task.task_id)

    def _read_task(self, unit: Unit, task: Task, dag: Dag, task_id: str) -> Iterator[Problem]:
        line = task.call.lineno
        moved = MovedTask(dag, task_id, line, _KINDS[unit.site.flavor], is_mapping_source=task.feeds_mapping)
        renderer = Renderer(self._source, variable_of(dag.dag_id), is_native=self._choice.is_native)
        yield from self._options.read(unit, task, moved, renderer)
        yield from self._choice_problems(task, moved)
        function = unit.function
        try:
            arguments = arguments_by_parameter(function, task.args, {**task.kwargs, **(task.mapped or {})})
            moved.args = [renderer.render(value) for value in task.args]
            moved.kwargs = {name: renderer.render(value) for name, value in task.kwargs.items()}
            if task.mapped is not None:
                moved.mapped = {name: renderer.render(value) for name, value in task.mapped.items()}
        except WiringError as error:
            yield Problem(error.line or line, str(error), "write the value in the file, or read it inside the function")
            return
        if any(map(is_template, arguments.values())):
            unit.uses_airflow = True
            yield from _template_problems(line, dag, arguments.values())
        for value in [*task.args, *task.kwargs.values(), *(task.mapped or {}).values()]:
            for leaf in leaves(value):
                if isinstance(leaf, TaskResult):
                    moved.xcoms.append((str(leaf.task.task_id), leaf.key))
        if task.mapped is None and not self._can_send(function, arguments):
            unit.sends_arguments = False
        unit.needs.add(self._graph.needs(renderer.expressions, self._interpreter.module))
        unit.tasks.append(moved)

    @staticmethod
    def _choice_problems(task: Task, moved: MovedTask) -> Iterator[Problem]:
        """Check that a branch or a short circuit can skip the tasks after it."""
        if moved.kind != "task" and moved.dag.has_unknown_edges:
            yield Problem(moved.line, "the tasks after it cannot be read", "connect the tasks by their variables")
        if task.options.get("ignore_downstream_trigger_rules", True) is not True:
            yield Problem(
                moved.line,
                "ignore_downstream_trigger_rules=False: a short circuit of a bundle skips all tasks after it",
                "call client.short_circuit(ignore_trigger_rules=False) in a function of the project",
            )

    def _can_send(self, function: ast.FunctionDef | ast.AsyncFunctionDef, arguments: Mapping[str, Any]) -> bool:
        """Whether Airflow 3.4 accepts the call of the stub."""
        if not all(map(can_be_sent, arguments.values())):
            return False
        parameters = function.args
        if parameters.vararg is not None and any(name.isdigit() for name in arguments):
            return False
        names = _parameter_names(function) - CONTEXT_KEYS
        if any(name not in names and not name.isdigit() for name in arguments):
            return False  # an argument of `**kwargs`
        if not arguments:
            return True
        defaults: list[tuple[str, ast.expr]] = list(
            zip(
                reversed([item.arg for item in (*parameters.posonlyargs, *parameters.args)]),
                reversed(parameters.defaults),
                strict=False,
            )
        )
        defaults += [
            (item.arg, default)
            for item, default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True)
            if default is not None
        ]
        scope = self._interpreter.functions[function].scope
        return all(
            name in CONTEXT_KEYS or name in arguments or is_json(self._interpreter.evaluate(node, scope))
            for name, node in defaults
        )

    def _check_shared_functions(self, plan: Plan) -> None:
        """Keep the functions of operators that something else uses, too: they cannot become stubs."""
        for unit in [unit for unit in plan.units if unit.site.call is not None]:
            name = unit.function.name
            sites = [other for other in plan.units if other.function is unit.function]
            callables = {id(other.site.nodes.get("python_callable")) for other in sites}
            used = [
                node
                for node in ast.walk(self._source.tree)
                if isinstance(node, ast.Name)
                and node.id == name
                and isinstance(node.ctx, ast.Load)
                and id(node) not in callables
                and not _is_inside(unit.function, node)
            ]
            if used and unit in plan.units:
                problem = Problem(
                    used[0].lineno,
                    f"its function {name} is used here, too",
                    "move that task as well, or copy the function under another name",
                )
                for other in sites:
                    plan.units.remove(other)
                    plan.refusals += self._refusals(other.site, [problem])


def _template_problems(line: int, dag: Dag, values: Iterable[Any]) -> Iterator[Problem]:
    """Check that templates need nothing that only the Dag declares."""
    used = template_names(list(values))
    for option in TEMPLATE_OPTIONS:
        declared = dag.options.get(option)
        if declared is not None and (not isinstance(declared, dict) or used & set(declared)):
            yield Problem(
                line,
                f"its templates use the {option} of the Dag, which a bundle file does not have",
                "pass the value itself, or call the function inside the task",
            )


def _names(site: Site) -> set[str]:
    return {site.name, *(task.task_id for task in site.tasks if isinstance(task.task_id, str))}


def _is_movable_kind(flavor: str) -> bool:
    return flavor in ("python", "branch", "short_circuit")


def _advice_for(site: Site) -> str:
    """What to write where the tasks of a place cannot be read."""
    if "function" in site.reason:
        return "define a function with `def` in this file, and name it as the python_callable"
    if "mapped" in site.reason:
        return "write the function with @task.virtualenv or @task, and map it with .partial() and .expand()"
    return "write the arguments one by one"


def _airflow_advice(module: str) -> str:
    if module.startswith("airflow.providers"):
        return "call the library that the provider uses, with client.connections, or keep the task in the Dag file"
    return "use a name that a bundle file has, or keep the task in the Dag file"


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of inner functions."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield node
            yield from _own_nodes(node)


def _parameter_names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    arguments = function.args
    return {item.arg for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}


def _is_inside(function: ast.AST, node: ast.AST) -> bool:
    return any(item is node for item in ast.walk(function))
