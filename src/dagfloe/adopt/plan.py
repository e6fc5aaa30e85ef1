"""Decides which tasks of a Dag file move, into which projects, and why others stay. Pure."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dagfloe.adopt.distributions import distribution_of
from dagfloe.adopt.environments import ISOLATION_OPTIONS, Environment, Problem, is_isolated, read_environment
from dagfloe.adopt.reading.airflow_names import (
    CONTEXT_KEYS,
    TEMPLATE_OPTIONS,
    is_template,
    template_names,
    uncovered,
    uses_dates,
)
from dagfloe.adopt.reading.names import NameGraph, Needs
from dagfloe.adopt.reading.values import Dag, Imported, Site, Task, TaskResult, Unknown, leaves
from dagfloe.adopt.wiring import Renderer, WiringError, arguments_by_parameter, can_be_sent, is_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

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
#: The options that the task's own process follows; the others belong to the scheduler, and stay in the Dag file.
_PROCESS_OPTIONS = ("do_xcom_push", "execution_timeout", "inlets", "multiple_outputs", "outlets")
_CALLBACKS = (
    "on_execute_callback",
    "on_failure_callback",
    "on_retry_callback",
    "on_skipped_callback",
    "on_success_callback",
)


#: The options for the scheduler that a task of a native Dag may have.
SCHEDULER_OPTIONS = frozenset(
    """
    depends_on_past doc doc_json doc_md doc_rst doc_yaml end_date executor executor_config ignore_first_depends_on_past
    max_active_tis_per_dag max_active_tis_per_dagrun max_retry_delay owner pool pool_slots priority_weight retries
    retry_delay retry_exponential_backoff start_date task_display_name trigger_rule wait_for_downstream
    wait_for_past_depends_before_skipping weight_rule
    """.split()  # noqa: SIM905 - as a list it would be a page long
)
#: The options that a project has in another form, or does not need.
NOT_COPIED = ISOLATION_OPTIONS | {
    "dag",
    "ignore_downstream_trigger_rules",
    "op_args",
    "op_kwargs",
    "python_callable",
    "queue",
    "task_id",
}


@dataclass(frozen=True)
class Choice:
    """Which tasks are to move.

    Attributes:
        task_ids: tasks that are to move although they are not isolated.
        is_all: whether all tasks that run a Python function are to move.
        release: the oldest Airflow that runs the files.
        is_native: whether the Dags are to be native.
        requirements: the packages of tasks of which the file does not say the requirements.
    """

    task_ids: Collection[str] = ()
    is_all: bool = False
    release: str = "3.3"
    requirements: Sequence[str] = ()
    is_native: bool = False


@dataclass
class MovedTask:
    """A task that moves.

    Attributes:
        dag: its Dag.
        task_id: its full id.
        line: the line of the call that creates it.
        kind: the method of `Dag` that registers it.
        options: the options for the project, as code.
        args: its arguments by position, as code.
        kwargs: its arguments by name, as code.
        mapped: what it is mapped over, as code; None if it is not mapped.
        is_mapping_source: whether a task is mapped over what it returns.
        xcoms: the tasks of which it gets XComs, with the keys.
    """

    dag: Dag
    task_id: str
    line: int
    kind: str = "task"
    options: dict[str, str] = field(default_factory=dict)
    args: list[str] = field(default_factory=list)
    kwargs: dict[str, str] = field(default_factory=dict)
    mapped: dict[str, str] | None = None
    is_mapping_source: bool = False
    xcoms: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Unit:
    """A function that moves, with its tasks.

    Attributes:
        site: where the tasks are created.
        environment: its environment.
        tasks: its tasks.
        needs: what the function uses of its module.
        uses_airflow: whether it uses names of Airflow, its context or templates.
        sends_arguments: whether the Dag file passes the arguments; if not, it has only the edges.
        notes: what is different after it was moved.
        missing: the modules that it imports and of which the requirements are unknown.
        uses_pendulum: whether it uses pendulum's dates without an import.
    """

    site: Site
    environment: Environment
    tasks: list[MovedTask] = field(default_factory=list)
    needs: Needs = field(default_factory=Needs)
    uses_airflow: bool = False
    sends_arguments: bool = True
    notes: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    uses_pendulum: bool = False

    @property
    def function(self) -> ast.FunctionDef | ast.AsyncFunctionDef:
        """The function's definition."""
        if self.site.function is None:
            raise AssertionError(self)
        return self.site.function.node


@dataclass(frozen=True)
class Refusal:
    """A task that stays.

    Attributes:
        dag_id: its Dag; an empty string if it is unknown.
        name: its task_id, or else its function.
        problem: why, and what to write.
    """

    dag_id: str
    name: str
    problem: Problem


@dataclass
class Plan:
    """What moves and what stays.

    Attributes:
        units: what moves, in the order of the file.
        refusals: what stays although it was asked for.
        others: the number of tasks with a Python function that nobody asked for.
    """

    units: list[Unit] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    others: int = 0


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
        yield from self._options(unit, task, moved, renderer)
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

    def _options(self, unit: Unit, task: Task, moved: MovedTask, renderer: Renderer) -> Iterator[Problem]:
        """The options that the task's process follows, those of `default_args` included."""
        options = {**self._default_args(unit, task), **task.options}
        line = task.call.lineno
        if options.get("retry_policy") is not None:
            yield Problem(line, "a stub task cannot have a retry_policy", "write dagfloe's retry_policy at the task")
        is_decorated = unit.site.call is None
        if options.get("multiple_outputs") is None and is_decorated and _returns_dict(unit.function):
            options["multiple_outputs"] = True
        for name in (*_PROCESS_OPTIONS, *_CALLBACKS):
            value = options.get(name)
            default = name == "do_xcom_push"
            if value is None or value is default or value == []:
                continue
            unit.uses_airflow |= name in _CALLBACKS  # they get Airflow's context
            node = task.nodes.get(name)
            code = self._option_code(unit, name, value, task, renderer)
            if code is None:
                where = getattr(node, "lineno", line)
                what = "cannot be moved" if name in _CALLBACKS else "cannot be read"
                yield Problem(where, f"its {name} {what}", "write it at the task, with names that a project can have")
            else:
                moved.options[name] = code
        if self._choice.is_native:
            yield from self._scheduler_options(unit, task, moved, renderer)

    def _scheduler_options(self, unit: Unit, task: Task, moved: MovedTask, renderer: Renderer) -> Iterator[Problem]:
        """The options for the scheduler, which a native Dag has in the project."""
        if unit.site.call is None and not any(name.startswith("doc") for name in task.nodes):
            docstring = ast.get_docstring(unit.function)
            if docstring:
                moved.options["doc_md"] = renderer.render(docstring)
        for name, node in task.nodes.items():
            if name not in SCHEDULER_OPTIONS:
                if name not in NOT_COPIED and name not in moved.options and name not in _PROCESS_OPTIONS:
                    yield Problem(node.lineno, f"a native Dag has no option {name}", "keep the Dag file")
                continue
            code = self._option_code(unit, name, task.options[name], task, renderer)
            if code is None:
                yield Problem(node.lineno, f"its {name} cannot be read", "write the value at the task")
            else:
                moved.options[name] = code

    @staticmethod
    def _default_args(unit: Unit, task: Task) -> dict[str, Any]:
        """The default options of the Dag and the task group."""
        defaults: dict[str, Any] = {}
        group = task.group.default_args if task.group is not None else None
        for source in (task.dag.options.get("default_args") if task.dag is not None else None, group):
            if isinstance(source, dict):
                defaults |= {str(key): value for key, value in source.items()}
            elif isinstance(source, Unknown):
                unit.notes.append(
                    Problem(
                        source.line or task.call.lineno,
                        "the default_args cannot be read",
                        "if they have an execution_timeout, write it at the task in the project",
                    )
                )
        return defaults

    @staticmethod
    def _default_node(task: Task, name: str, value: Any) -> ast.expr | None:
        """The expression of an option in `default_args`."""
        if isinstance(value, Unknown) and isinstance(value.node, ast.expr):
            return value.node
        defaults = task.dag.nodes.get("default_args") if task.dag is not None else None
        for key, node in zip(defaults.keys, defaults.values, strict=True) if isinstance(defaults, ast.Dict) else ():
            if isinstance(key, ast.Constant) and key.value == name:
                return node
        return None

    def _option_code(self, unit: Unit, name: str, value: Any, task: Task, renderer: Renderer) -> str | None:
        """The code of an option for the project; None if the project cannot have it."""
        node = task.nodes.get(name)
        if name not in ("inlets", "outlets", *_CALLBACKS):
            try:
                return renderer.render(value)
            except WiringError:
                pass
        if node is None:
            node = self._default_node(task, name, value)
        if node is None:
            return None
        needs = self._graph.needs([node], self._interpreter.module)
        if needs.problems or needs.missing or any(map(uncovered, needs.imports | needs.inner_imports)):
            return None
        unit.uses_airflow |= any(item.root == "airflow" for item in needs.imports)
        unit.needs.add(needs)
        return self._source.segment(node)

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


def variable_of(dag_id: Any) -> str:
    """A variable for a Dag."""
    name = re.sub(r"\W+", "_", str(dag_id)).strip("_") or "dag"
    name = f"dag_{name}" if name[0].isdigit() else name
    return f"{name}_dag" if not name.endswith("dag") else name


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


def _returns_dict(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    node = function.returns
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = ast.parse(node.value, mode="eval").body
        except SyntaxError:
            return False
    if isinstance(node, ast.Subscript):
        node = node.value
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in ("dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict")


def _is_inside(function: ast.AST, node: ast.AST) -> bool:
    return any(item is node for item in ast.walk(function))
