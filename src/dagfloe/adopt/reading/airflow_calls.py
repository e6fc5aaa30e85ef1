"""What calls of Airflow's names do in a Dag file: they create Dags, task groups, tasks and edges.

`AirflowCalls` is the base of the interpreter, which evaluates the arguments.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from dagfloe.adopt.reading.values import (
    Dag,
    DagFunction,
    Decorator,
    EdgeLabel,
    Function,
    Group,
    GroupFunction,
    Imported,
    Param,
    PartialOperator,
    Site,
    Task,
    TaskFunction,
    TaskResult,
    Unknown,
    leaves,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Mapping

#: The operators that run a function, and the decorators with the same meaning.
OPERATORS = {
    "PythonOperator": "python",
    "PythonVirtualenvOperator": "virtualenv",
    "ExternalPythonOperator": "external_python",
    "BranchPythonOperator": "branch",
    "BranchPythonVirtualenvOperator": "branch_virtualenv",
    "BranchExternalPythonOperator": "branch_external_python",
    "ShortCircuitOperator": "short_circuit",
}
_CHAINS = ("chain", "chain_linear", "cross_downstream")


class AirflowCalls:
    """Records what the calls of Airflow's names create.

    Attributes:
        dags: the Dags.
        tasks: the tasks.
        sites: the places that create tasks, by their syntax nodes.
        open: the Dags and task groups whose blocks are open.
        has_labels: whether edges have labels.
        uncertain: the lines of the loops around, of which the items cannot be read.
    """

    if TYPE_CHECKING:

        def call_function(self, function: Function, args: list[Any], kwargs: Mapping[str, Any], node: ast.AST) -> Any:
            """Follow the body of a function, and return what it returns."""

        def follow_dag(self, function: Function) -> None:
            """Follow the body of a Dag's function."""

    def __init__(self) -> None:
        self.dags: list[Dag] = []
        self.tasks: list[Task] = []
        self.sites: dict[ast.AST, Site] = {}
        self.open: list[Dag | Group] = []
        self.uncertain: list[int] = []
        self.has_labels = False
        self._following: list[ast.AST] = []
        self._links: list[tuple[Task | Group, Task | Group]] = []

    # What is around a call

    @property
    def dag(self) -> Dag | None:
        """The Dag whose block is open, the innermost one."""
        return next((item for item in reversed(self.open) if isinstance(item, Dag)), None)

    @property
    def group(self) -> Group | None:
        """The task group whose block is open, the innermost one of the Dag."""
        for item in reversed(self.open):
            return item if isinstance(item, Group) else None
        return None

    def _full_id(self, name: Any) -> Any:
        prefix = self.group.prefix if self.group is not None else ""
        return f"{prefix}{name}" if isinstance(name, str) and isinstance(prefix, str) else Unknown()

    # Decorators

    def read_decorator(
        self, imported: Imported, node: ast.Call | None, kwargs: Mapping[str, Any], nodes: Mapping[str, ast.expr]
    ) -> Any:
        """The decorator that a name of Airflow is; an Unknown if it is none."""
        parts = imported.name.split(".")
        if not imported.is_airflow:
            return Unknown(node)
        if "task" in parts[-2:] and parts[-1] != "dag":
            place = len(parts) - 1 - parts[::-1].index("task")
            flavor = ".".join(parts[place + 1 :])
            return Decorator("task", flavor or "python", node, kwargs, nodes)
        if imported.last in ("dag", "task_group", "setup", "teardown"):
            return Decorator(imported.last, "", node, kwargs, nodes)
        return Unknown(node)

    def decorate(self, decorator: Any, value: Any, expression: ast.expr) -> Any:
        """What a decorator makes of a function."""
        if not isinstance(decorator, Decorator):
            if isinstance(value, Function):
                value.has_decorators = True
                return value
            if isinstance(value, TaskFunction):
                value.site.reason = "an unknown decorator is above its task decorator"
                value.site.reason_line = expression.lineno
                return value
            return Unknown(expression)
        if decorator.kind in ("setup", "teardown"):
            if isinstance(value, Function):
                value = self._task_function(Decorator("task", "python", decorator.node), value, expression)
                value.site.decorator = expression
            if isinstance(value, TaskFunction):
                value.site.kind = decorator.kind
                return value.override(decorator.options, decorator.nodes)
            return Unknown(expression)
        if not isinstance(value, Function):
            return Unknown(expression)
        if decorator.kind == "task":
            return self._task_function(decorator, value, expression)
        if decorator.kind == "dag":
            return DagFunction(value, value.node.lineno, decorator.options, decorator.nodes)
        return GroupFunction(value, decorator.options)

    def _task_function(self, decorator: Decorator, function: Function, expression: ast.expr) -> TaskFunction:
        site = self.sites.get(function.node)
        if site is None:
            site = self.sites[function.node] = Site(decorator.flavor, function, expression, None, dict(decorator.nodes))
        site.options.append(decorator.options)
        return TaskFunction(site, decorator.options, decorator.nodes)

    # Calls

    def note_unknown_call(self, function: Any, node: ast.Call) -> None:
        """Record that a call has arguments which cannot be read."""
        if isinstance(function, TaskFunction):
            function.site.reason = "a call passes `*` or `**` arguments that cannot be read"
            function.site.reason_line = node.lineno
        elif isinstance(function, Imported) and function.last in OPERATORS and function.is_airflow:
            site = Site(OPERATORS[function.last], None, None, node, {})
            site.reason, site.reason_line = "its `**` arguments cannot be read", node.lineno
            self.sites[node] = site

    def call_imported(  # noqa: C901 - a case for each name
        self,
        imported: Imported,
        node: ast.Call,
        args: list[Any],
        kwargs: dict[str, Any],
        nodes: Mapping[str, ast.expr],
    ) -> Any:
        """Call a name of an imported module."""
        if imported.is_airflow:
            if imported.last == "DAG":
                return self._make_dag(node, args, kwargs, nodes)
            if imported.last == "Label":
                self.has_labels = True
                return EdgeLabel()
            if imported.last == "TaskGroup":
                return self._make_group(node, args[0] if args else kwargs.get("group_id", Unknown(node)), kwargs)
            if imported.last in OPERATORS:
                return self._operator_call(imported.last, node, kwargs, nodes)
            if imported.last == "partial" and imported.name.split(".")[-2:-1]:
                return PartialOperator(imported.name.split(".")[-2], node, kwargs, nodes)
            if imported.last in _CHAINS:
                return self._chain(imported.last, args)
            decorator = self.read_decorator(imported, node, kwargs, nodes)
            if isinstance(decorator, Decorator):
                functions = [arg for arg in args if isinstance(arg, (Function, TaskFunction))]
                return self.decorate(decorator, functions[0], node) if functions else decorator
        if args and isinstance(args[0], PurePath):
            return _path_call(imported, args[0], node)
        if imported.last == "partial":
            parts = imported.name.split(".")
            if parts[-2:-1] and parts[-2].endswith(("Operator", "Sensor")):
                return PartialOperator(parts[-2], node, kwargs, nodes)
        if "task_id" in kwargs:
            return self._outside_task(node, kwargs, nodes)
        return Unknown(node)

    def call_value(
        self, value: Any, node: ast.Call, args: list[Any], kwargs: dict[str, Any], nodes: Mapping[str, ast.expr]
    ) -> Any:
        """Call something that the file defines."""
        match value:
            case TaskFunction():
                return self._task_call(value, node, args, kwargs, None)
            case DagFunction():
                return self._dag_call(value)
            case GroupFunction():
                return self._group_call(value, node, args, {**value.shared, **kwargs})
            case Decorator():
                functions = [arg for arg in args if isinstance(arg, (Function, TaskFunction))]
                return self.decorate(value, functions[0], node) if functions else Unknown(node)
            case Function():
                if value.node in self._following or value.has_decorators:
                    return Unknown(node)
                self._following.append(value.node)
                try:
                    return self.call_function(value, args, kwargs, node)
                finally:
                    self._following.pop()
            case _:
                return self._outside_task(node, kwargs, nodes) if "task_id" in kwargs else Unknown(node)

    def call_method(  # noqa: C901, PLR0912 - a case for each method
        self,
        owner: Any,
        name: str,
        node: ast.Call,
        args: list[Any],
        kwargs: dict[str, Any],
        nodes: Mapping[str, ast.expr],
    ) -> Any:
        """Call a method of a value."""
        match owner, name:
            case TaskFunction(), "override":
                return owner.override(kwargs, nodes)
            case TaskFunction(), "partial":
                return TaskFunction(owner.site, owner.options, owner.nodes, {**owner.shared, **kwargs})
            case TaskFunction(), "expand":
                return self._task_call(owner, node, [], dict(owner.shared), kwargs)
            case TaskFunction(), _:
                return self._odd_mapping(owner, name, node)
            case PartialOperator(), ("expand" | "expand_kwargs"):
                return self._mapped_operator(owner, name, node, kwargs, nodes)
            case GroupFunction(), "override":
                return GroupFunction(owner.function, {**owner.options, **kwargs}, owner.shared)
            case GroupFunction(), "partial":
                return GroupFunction(owner.function, owner.options, {**owner.shared, **kwargs})
            case GroupFunction(), ("expand" | "expand_kwargs"):
                self.uncertain.append(node.lineno)
                try:
                    return self._group_call(owner, node, [], {**owner.shared, **dict.fromkeys(kwargs, Unknown(node))})
                finally:
                    self.uncertain.pop()
            case ((TaskResult() | Group()), ("set_downstream" | "set_upstream")):
                for other in args:
                    self.connect(*((owner, other) if name == "set_downstream" else (other, owner)))
                return None
            case PurePath(), ("resolve" | "absolute"):
                return owner
            case TaskResult(), ("as_setup" | "as_teardown"):
                owner.task.kind = name.removeprefix("as_")
                if kwargs.get("setups") is not None:
                    self.connect(kwargs["setups"], owner)
                return owner
            case TaskResult(), ("map" | "zip" | "concat"):
                return Unknown(node)
            case Dag(), "param":
                return Param(args[0]) if args and isinstance(args[0], str) else Unknown(node)
            case _:
                return Unknown(node)

    # Dags and groups

    def _make_dag(self, node: ast.Call, args: list[Any], kwargs: dict[str, Any], nodes: Mapping[str, ast.expr]) -> Dag:
        dag_id = args[0] if args else kwargs.get("dag_id", Unknown(node))
        dag = Dag(dag_id if isinstance(dag_id, str) else Unknown(node), node.lineno, kwargs, nodes)
        self.dags.append(dag)
        return dag

    def _dag_call(self, function: DagFunction) -> Dag:
        dag_id = function.options.get("dag_id", function.function.node.name)
        dag = Dag(dag_id if isinstance(dag_id, str) else Unknown(), function.line, function.options, function.nodes)
        dag.function = function.function
        self.dags.append(dag)
        outer, self.open = self.open, [dag]
        self.follow_dag(function.function)
        self.open = outer
        return dag

    def _make_group(self, node: ast.Call, name: Any, kwargs: Mapping[str, Any]) -> Group:
        group_id = self._full_id(name)
        is_prefix = kwargs.get("prefix_group_id", True)
        outer = self.group.prefix if self.group is not None else ""
        prefix = (f"{group_id}." if is_prefix is True else outer) if isinstance(group_id, str) else Unknown(node)
        if not isinstance(is_prefix, bool):
            prefix = Unknown(node)
        group = Group(group_id, prefix, kwargs.get("default_args"))
        if self.dag is not None and isinstance(group_id, str):
            self.dag.groups[group_id] = group
        if self.group is not None:
            self.group.members.append(group)
        return group

    def _group_call(self, function: GroupFunction, node: ast.Call, args: list[Any], kwargs: Mapping[str, Any]) -> Any:
        name = function.options.get("group_id", function.function.node.name)
        if isinstance(name, str) and function.options.get("prefix_group_id", True) is True:
            name = self._unique(name)
        group = self._make_group(node, name, function.options)
        self.open.append(group)
        try:
            value = self.call_function(function.function, args, kwargs, node)
        finally:
            self.open.remove(group)
        return group if value is None else value

    # Tasks

    def _unique(self, name: str) -> str:
        """A name as Airflow makes it unique in the Dag: with `__1` and so on after it."""
        dag = self.dag
        if dag is None:
            return name
        used = {*dag.tasks, *dag.groups}
        full = self._full_id(name)
        if full not in used:
            return name
        core = re.split(r"__\d+$", name)[0]
        full_core = re.split(r"__\d+$", full)[0]
        numbers = [0]
        for task_id in used:
            match = re.fullmatch(rf"{re.escape(full_core)}__(\d+)", task_id)
            numbers += [int(match[1])] if match else []
        return f"{core}__{max(numbers) + 1}"

    def _register(self, task: Task) -> TaskResult:
        self.tasks.append(task)
        if task.site is not None:
            task.site.tasks.append(task)
        if self.uncertain:
            task.uncertain_line = self.uncertain[0]
        task.group = self.group
        if self.group is not None:
            self.group.members.append(task)
        if task.dag is not None and isinstance(task.task_id, str):
            task.dag.tasks.setdefault(task.task_id, task)
        result = TaskResult(task)
        for leaf in leaves([task.args, task.kwargs, task.mapped or {}]):
            if isinstance(leaf, TaskResult):
                self.connect(leaf, result)
        for value in (task.mapped or {}).values():
            if isinstance(value, TaskResult):
                value.task.feeds_mapping = True
        return result

    def _task_call(
        self,
        function: TaskFunction,
        node: ast.Call,
        args: list[Any],
        kwargs: dict[str, Any],
        mapped: dict[str, Any] | None,
    ) -> Any:
        dag = function.options.get("dag", self.dag)
        name = function.options.get("task_id", function.site.name)
        task_id = self._full_id(self._unique(name)) if isinstance(name, str) else Unknown(node)
        task = Task(
            dag if isinstance(dag, Dag) else None,
            task_id,
            function.site,
            node,
            function.options,
            function.nodes,
            args,
            {**function.shared, **kwargs} if mapped is None else kwargs,
            mapped,
            function.site.kind,
        )
        return self._register(task)

    def _odd_mapping(self, function: TaskFunction, name: str, node: ast.Call) -> Any:
        result = self._task_call(function, node, [], dict(function.shared), {})
        result.task.problem = f"a bundle cannot follow `.{name}`"
        return result

    def _operator_call(
        self, name: str, node: ast.Call, kwargs: dict[str, Any], nodes: Mapping[str, ast.expr]
    ) -> TaskResult:
        function = kwargs.get("python_callable")
        if isinstance(function, TaskFunction):
            function = Unknown(node)
        site = self.sites.get(node)
        if site is None:
            site = self.sites[node] = Site(
                OPERATORS[name], function if isinstance(function, Function) else None, None, node, nodes
            )
        elif site.function is not function:
            site.reason, site.reason_line = "it has another function each time", node.lineno
        if site.function is None and not site.reason:
            site.reason, site.reason_line = "its python_callable is not a function of this file", node.lineno
        site.options.append(kwargs)
        dag = kwargs.get("dag", self.dag)
        args, named = kwargs.get("op_args") or [], kwargs.get("op_kwargs") or {}
        task = Task(
            dag if isinstance(dag, Dag) else None,
            self._operator_id(kwargs, node),
            site,
            node,
            kwargs,
            nodes,
            list(args) if isinstance(args, (list, tuple)) else [],
            dict(named) if isinstance(named, dict) and all(isinstance(key, str) for key in named) else {},
        )
        if not isinstance(args, (list, tuple)) or not isinstance(named, dict):
            task.problem = "its op_args or op_kwargs cannot be read"
        return self._register(task)

    def _mapped_operator(
        self,
        partial: PartialOperator,
        name: str,
        node: ast.Call,
        kwargs: dict[str, Any],
        nodes: Mapping[str, ast.expr],
    ) -> TaskResult:
        if partial.name not in OPERATORS:
            return self._outside_task(node, {**partial.options, **kwargs}, {**partial.nodes, **nodes}, is_mapped=True)
        result = self._operator_call(partial.name, node, dict(partial.options), partial.nodes)
        result.task.mapped = kwargs
        site = result.task.site
        if site is not None:
            site.reason = f"it is mapped with .partial() and .{name}()"
            site.reason_line = node.lineno
        return result

    def _operator_id(self, kwargs: Mapping[str, Any], node: ast.Call) -> Any:
        name = kwargs.get("task_id", Unknown(node))
        group = kwargs.get("task_group")
        if isinstance(group, Group):
            return f"{group.prefix}{name}" if isinstance(name, str) and isinstance(group.prefix, str) else Unknown(node)
        return self._full_id(name)

    def _outside_task(
        self, node: ast.Call, kwargs: dict[str, Any], nodes: Mapping[str, ast.expr], *, is_mapped: bool = False
    ) -> TaskResult:
        """An operator of any other kind."""
        dag = kwargs.get("dag", self.dag)
        mapped = kwargs if is_mapped else None
        task = Task(
            dag if isinstance(dag, Dag) else None,
            self._operator_id(kwargs, node),
            None,
            node,
            kwargs,
            nodes,
            [],
            {} if is_mapped else {name: value for name, value in kwargs.items() if name != "dag"},
            mapped,
        )
        return self._register(task)

    # Edges

    def connect(self, upstream: Any, downstream: Any) -> None:
        """Record that tasks run after others."""
        before, after = list(_linked(upstream)), list(_linked(downstream))
        if isinstance(downstream, EdgeLabel):
            downstream.before += before
            after = downstream.after
        if isinstance(upstream, EdgeLabel):
            upstream.after += after
            before = upstream.before
        self._links += [(first, second) for first in before for second in after]
        for value in (upstream, downstream):
            if isinstance(value, Unknown):
                for item in (*before, *after):
                    if isinstance(item, Task) and item.dag is not None:
                        item.dag.has_unknown_edges = True

    def resolve_edges(self) -> None:
        """Find the edges between tasks. Task groups are known completely only at the end of the file."""
        of_groups = []
        for first, second in self._links:
            if isinstance(first, Task) and isinstance(second, Task):
                _add_edge(first, second)
            else:
                of_groups.append((first, second))
        # An inner group's edges decide which tasks are the first and the last ones of an outer group.
        for first, second in sorted(of_groups, key=lambda link: sum(len(list(_tasks(item))) for item in link)):
            for upstream in _ends(first, is_first=False):
                for downstream in _ends(second, is_first=True):
                    _add_edge(upstream, downstream)

    def _chain(self, name: str, args: list[Any]) -> None:
        if name == "cross_downstream":
            self.connect(args[0], args[1]) if len(args) == 2 else None
            return
        for left, right in pairwise(args):
            are_lists = isinstance(left, (list, tuple)) and isinstance(right, (list, tuple))
            if name == "chain" and are_lists:
                for first, second in zip(left, right, strict=False):
                    self.connect(first, second)
            else:
                self.connect(left, right)


def _path_call(imported: Imported, path: PurePath, node: ast.Call) -> Any:
    """What functions for paths make of the path of the Dag file."""
    if imported.name in ("pathlib.Path", "pathlib.PurePath", "os.path.abspath", "os.path.realpath", "os.fspath"):
        return path
    if imported.name == "os.path.basename":
        return path.name
    if imported.name == "os.path.splitext":
        return (path.with_suffix(""), path.suffix)
    return path.parent if imported.name == "os.path.dirname" else Unknown(node)


def _linked(value: Any) -> Iterator[Task | Group]:
    """The tasks and task groups in a value."""
    for leaf in leaves(value):
        if isinstance(leaf, TaskResult):
            yield leaf.task
        elif isinstance(leaf, Group):
            yield leaf


def _tasks(item: Task | Group) -> Iterator[Task]:
    """A task, or all tasks of a task group."""
    if isinstance(item, Task):
        yield item
        return
    for member in item.members:
        yield from _tasks(member)


def first_tasks(group: Group) -> list[Task]:
    """The tasks of a task group that follow no other task of it."""
    return _ends(group, is_first=True)


def _ends(item: Task | Group, *, is_first: bool) -> list[Task]:
    """A task, or the first or the last tasks of a task group."""
    tasks = list(_tasks(item))
    ids = {task.task_id for task in tasks if isinstance(task.task_id, str)}
    place = 1 if is_first else 0
    inner = {
        edge[place]
        for task in tasks[:1]
        for edge in (task.dag.edges if task.dag is not None else ())
        if edge[0] in ids and edge[1] in ids
    }
    return [task for task in tasks if task.task_id not in inner]


def _add_edge(upstream: Task, downstream: Task) -> None:
    if upstream.dag is not None and isinstance(upstream.task_id, str) and isinstance(downstream.task_id, str):
        upstream.dag.edges[upstream.task_id, downstream.task_id] = None
