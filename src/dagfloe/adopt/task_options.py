"""The options of tasks that projects declare: those that a task's process follows, and all in native Dags. Pure."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from dagfloe.adopt.environments import ISOLATION_OPTIONS, Problem
from dagfloe.adopt.reading.airflow_names import uncovered
from dagfloe.adopt.reading.values import Unknown
from dagfloe.adopt.wiring import WiringError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagfloe.adopt.plan import MovedTask, Unit
    from dagfloe.adopt.reading.interpreter import Interpreter
    from dagfloe.adopt.reading.names import NameGraph
    from dagfloe.adopt.reading.source import SourceFile
    from dagfloe.adopt.reading.values import Task
    from dagfloe.adopt.wiring import Renderer

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


class OptionReader:
    """Reads options.

    Args:
        source: the Dag file.
        interpreter: what it creates.
        graph: which statements of the file define names.
        is_native: whether the projects declare the options for the scheduler, too.
    """

    def __init__(self, source: SourceFile, interpreter: Interpreter, graph: NameGraph, *, is_native: bool) -> None:
        self._source = source
        self._interpreter = interpreter
        self._graph = graph
        self._is_native = is_native

    def read(self, unit: Unit, task: Task, moved: MovedTask, renderer: Renderer) -> Iterator[Problem]:
        """Add the options that the task's process follows, those of `default_args` included.

        Args:
            unit: the function.
            task: the task of the Dag file.
            moved: what it becomes.
            renderer: makes code of values.

        Yields:
            The options that cannot be moved.
        """
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
        if self._is_native:
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
