"""What the expressions of a Dag file stand for, as far as it can be read. Plain values are themselves. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, eq=False)
class Unknown:
    """A value that only running the file would show.

    Attributes:
        node: the expression.
    """

    node: ast.AST | None = None

    @property
    def line(self) -> int:
        """The line of the expression; 0 if it has none."""
        return getattr(self.node, "lineno", 0)


@dataclass(frozen=True)
class Imported:
    """A name of an imported module.

    Attributes:
        name: the module and its attribute, such as `airflow.sdk.task`.
    """

    name: str

    @property
    def is_airflow(self) -> bool:
        """Whether it is a name of Airflow."""
        return self.name.partition(".")[0] == "airflow"

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


@dataclass(eq=False)
class Scope:
    """Names and their values.

    Attributes:
        names: the values by name.
        parent: the scope around it.
        function: the function that it belongs to; None for a module.
    """

    names: dict[str, Any] = field(default_factory=dict)
    parent: Scope | None = None
    function: ast.FunctionDef | ast.AsyncFunctionDef | None = None

    def find(self, name: str) -> Any:
        """The value of a name.

        Raises:
            KeyError: if no scope has it.
        """
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        raise KeyError(name)


@dataclass(eq=False)
class Function:
    """A function of the file, without a task decorator.

    Attributes:
        node: its definition.
        scope: the scope of the definition.
        has_decorators: whether it has decorators that are unknown.
    """

    node: ast.FunctionDef | ast.AsyncFunctionDef
    scope: Scope
    has_decorators: bool = False


@dataclass(eq=False)
class Dag:
    """A Dag of the file.

    Attributes:
        dag_id: its id; an Unknown if it cannot be read.
        line: the line that declares it.
        options: the values of the arguments of its declaration.
        nodes: the expressions of the arguments.
        tasks: its tasks by full task_id, in the order of their creation.
        groups: its task groups by full id.
        edges: the edges between its tasks, by task_id.
        has_unknown_edges: whether something else than a task is connected to a task.
        function: the function that declares it; None for a `DAG(...)`.
    """

    dag_id: Any
    line: int
    options: Mapping[str, Any] = field(default_factory=dict)
    nodes: Mapping[str, ast.expr] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    edges: dict[tuple[str, str], None] = field(default_factory=dict)
    has_unknown_edges: bool = False
    function: Function | None = None


@dataclass(frozen=True, eq=False)
class DagFunction:
    """A function that declares a Dag."""

    function: Function
    line: int
    options: Mapping[str, Any]
    nodes: Mapping[str, ast.expr]


@dataclass(frozen=True, eq=False)
class Group:
    """A task group.

    Attributes:
        group_id: its full id; an Unknown if it cannot be read.
        prefix: what comes before the ids of its tasks, a dot included.
        default_args: its default options.
        members: its tasks and task groups.
    """

    group_id: Any
    prefix: Any
    default_args: Any = None
    members: list[Any] = field(default_factory=list)


@dataclass(eq=False)
class EdgeLabel:
    """A label between tasks: what is before it runs before what is after it."""

    before: list[Task | Group] = field(default_factory=list)
    after: list[Task | Group] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class GroupFunction:
    """A function that declares a task group."""

    function: Function
    options: Mapping[str, Any]
    shared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decorator:
    """A decorator of Airflow.

    Attributes:
        kind: `task`, `dag`, `task_group`, `setup` or `teardown`.
        flavor: what follows `task.`, such as `virtualenv`; an empty string for nothing.
        node: the call; None without one.
        options: the values of its arguments.
        nodes: the expressions of its arguments.
    """

    kind: str
    flavor: str = ""
    node: ast.Call | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    nodes: Mapping[str, ast.expr] = field(default_factory=dict)


@dataclass(eq=False)
class Site:
    """A place of the file that creates tasks: a decorated function, or the call of an operator.

    Attributes:
        flavor: the decorator after `task.`, or its counterpart: `virtualenv`, `external_python`, `python`, `branch` ...
        function: the tasks' function; None if it cannot be read.
        decorator: the expression of the decorator; None for an operator.
        call: the operator's call; None for a decorator.
        nodes: the expressions of the options.
        tasks: the tasks that it creates.
        kind: `task`, `setup` or `teardown`.
        options: the values of the options, for each time that the place is read.
        reason: why its tasks cannot be read; an empty string if they can.
        reason_line: the line of the reason.
    """

    flavor: str
    function: Function | None
    decorator: ast.expr | None
    call: ast.Call | None
    nodes: Mapping[str, ast.expr]
    tasks: list[Task] = field(default_factory=list)
    kind: str = "task"
    options: list[Mapping[str, Any]] = field(default_factory=list)
    reason: str = ""
    reason_line: int = 0

    @property
    def node(self) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Call:
        """The definition of a decorated function, or the operator's call."""
        if self.call is not None:
            return self.call
        if self.function is None:
            raise AssertionError(self)
        return self.function.node

    @property
    def line(self) -> int:
        """The line of the decorator, or of the operator's call."""
        return self.decorator.lineno if self.decorator is not None else self.node.lineno

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.node.name if self.function is not None else "?"


@dataclass(frozen=True, eq=False)
class TaskFunction:
    """A decorated function whose calls create tasks.

    Attributes:
        site: where it is decorated.
        options: the values of its options.
        nodes: the expressions of its options, those of `override` included.
        shared: the arguments of `partial`.
    """

    site: Site
    options: Mapping[str, Any]
    nodes: Mapping[str, ast.expr]
    shared: Mapping[str, Any] = field(default_factory=dict)

    def override(self, options: Mapping[str, Any], nodes: Mapping[str, ast.expr]) -> TaskFunction:
        """The same function with other options."""
        return replace(self, options={**self.options, **options}, nodes={**self.nodes, **nodes})


@dataclass(frozen=True, eq=False)
class PartialOperator:
    """An operator's class with some of its arguments: `Operator.partial(...)`."""

    name: str
    node: ast.Call
    options: Mapping[str, Any]
    nodes: Mapping[str, ast.expr]


@dataclass(eq=False)
class Task:
    """A task of a Dag.

    Attributes:
        dag: its Dag; None if it cannot be read.
        task_id: the full task_id; an Unknown if it cannot be read.
        site: where it is created; None for operators of other kinds.
        call: the call that creates it.
        options: the values of its options.
        nodes: the expressions of its options.
        args: the values of its arguments by position.
        kwargs: the values of its arguments by name.
        mapped: what it is mapped over, by parameter; None if it is not mapped.
        kind: `task`, `setup` or `teardown`.
        uncertain_line: the line of a loop that cannot be read; 0 for none.
        problem: why the call cannot be read; an empty string if it can.
        group: the task group that it is in, the innermost one; None outside of groups.
        feeds_mapping: whether another task is mapped over what it returns.
    """

    dag: Dag | None
    task_id: Any
    site: Site | None
    call: ast.Call
    options: Mapping[str, Any] = field(default_factory=dict)
    nodes: Mapping[str, ast.expr] = field(default_factory=dict)
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    mapped: dict[str, Any] | None = None
    kind: str = "task"
    group: Group | None = None
    uncertain_line: int = 0
    problem: str = ""
    feeds_mapping: bool = False


@dataclass(frozen=True, eq=False)
class TaskResult:
    """What creating a task returns: an operator, or its XCom."""

    task: Task
    key: str = "return_value"


@dataclass(frozen=True, eq=False)
class Param:
    """A param of the Dag run: a parameter of a Dag's function, or `dag.param(...)`."""

    name: str


def leaves(value: Any, depth: int = 0) -> Iterator[Any]:
    """A value, or the items inside its lists, tuples, sets and dicts, at any depth."""
    if depth > 50:
        yield Unknown()
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from leaves(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(key, depth + 1)
            yield from leaves(item, depth + 1)
    else:
        yield value


def is_known(value: Any) -> bool:
    """Whether a value is plain: nothing in it has to be known at run time, or is unknown."""
    return all(leaf is None or isinstance(leaf, (bool, int, float, complex, str, bytes)) for leaf in leaves(value))
