"""Writes the module of a project: the functions that moved, word for word, what they use, and their tasks. Pure."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagfloe.adopt.plan import variable_of
from dagfloe.adopt.reading.airflow_calls import first_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dagfloe.adopt.plan import MovedTask, Unit
    from dagfloe.adopt.reading.cst_nodes import CstNodes
    from dagfloe.adopt.reading.names import Import
    from dagfloe.adopt.reading.source import SourceFile

#: The longest line that formatters leave alone.
_WIDTH = 100


@dataclass(frozen=True)
class Part:
    """A part of a module.

    Attributes:
        key: what it defines; parts with the same key replace each other.
        code: its code.
        space: the empty lines before it.
    """

    key: str
    code: str
    space: int = 2


class ModuleWriter:
    """Writes modules.

    Args:
        source: the Dag file.
        nodes: its nodes.
    """

    def __init__(self, source: SourceFile, nodes: CstNodes) -> None:
        self._source = source
        self._nodes = nodes

    def parts(
        self,
        units: Sequence[Unit],
        environment_variables: Iterable[tuple[str, str]],
        options: Mapping[str, Mapping[str, str]],
        *,
        is_native: bool,
    ) -> list[Part]:
        """The parts of a module.

        Args:
            units: what the module has.
            environment_variables: what is set before everything else.
            options: the options of the Dags, by dag_id.
            is_native: whether the module declares the edges, too.
        """
        parts = [Part("docstring", f'"""Tasks of the Dag file {self._name()}. `dagfloe adopt` moved them here."""', 0)]
        if self._has_future():
            parts.append(Part("future", "from __future__ import annotations", 1))
        imports = set().union(*(unit.needs.imports for unit in units))
        variables = dict(environment_variables)
        if variables:
            code = "import os\n\n" + "\n".join(
                f"os.environ[{_quote(name)}] = {_quote(value)}" for name, value in variables.items()
            )
            parts.append(Part("environment", code, 1))
        parts.append(Part("imports", "\n".join(self._imports(imports)), 1))
        dags: dict[str, list[Unit]] = {}
        for unit in units:
            for task in unit.tasks:
                own = dags.setdefault(str(task.dag.dag_id), [])
                if unit not in own:
                    own.append(unit)
        lines = ["bundle = Bundle()", *(_registration(dag_id, options.get(dag_id, {})) for dag_id in dags)]
        statements = list(self._statements(units))
        bundle = Part("bundle", "\n".join(lines), 1)
        # The options of a Dag may use the constants.
        parts += [*statements, bundle] if any(options.values()) else [bundle, *statements]
        for dag_id, own in dags.items():
            parts += self._dag(dag_id, own, units, is_native=is_native)
        return parts

    def _name(self) -> str:
        return self._source.name.replace("\\", "/").rpartition("/")[2].replace('"', "'")

    def _has_future(self) -> bool:
        return any(
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(alias.name == "annotations" for alias in node.names)
            for node in self._source.tree.body
        )

    @staticmethod
    def _imports(imports: Iterable[Import]) -> Iterator[str]:
        plain = sorted({item.render() for item in imports if not item.name})
        names: dict[str, set[str]] = {}
        for item in imports:
            if item.name and item.module != "__future__":
                names.setdefault(item.module, set()).add(item.name + (f" as {item.alias}" if item.alias else ""))
        yield from plain
        for module in sorted(names):
            yield f"from {module} import {', '.join(sorted(names[module]))}"
        if plain or names:
            yield ""
        yield "from dagfloe import Bundle"

    def _statements(self, units: Sequence[Unit]) -> Iterator[Part]:
        """Constants and helpers, in the order of the file."""
        statements = {node for unit in units for node in unit.needs.statements}
        before: ast.stmt | None = None
        for node in sorted(statements, key=lambda node: (node.lineno, node.col_offset)):
            is_block = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            is_after = isinstance(before, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            key = f"name {node.name}" if hasattr(node, "name") else f"statement {ast.dump(node)[:60]}"
            space = 2 if is_block or is_after else 1 if before is None else 0
            yield Part(key, self._statement(node), space)
            before = node

    def _statement(self, node: ast.stmt) -> str:
        """The code of a statement, at the beginning of a line."""
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            function = self._nodes.function(node)
            return self._nodes.standalone(function, function.decorators)
        first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])
        end = (node.end_lineno or node.lineno) + 1
        start = self._source.offset(node.lineno, node.col_offset) if first == node.lineno else None
        _, stop = self._source.span(node)
        text = self._source.text[self._source.line_start(first) if start is None else start : stop]
        ending = self._source.text[stop : self._source.line_start(end)]
        if ending.strip().startswith("#"):
            text += ending.rstrip()
        if node.col_offset and "\n" in text:
            text = _dedent(text, node.col_offset)
        return text.replace("\r\n", "\n").replace("\r", "\n").rstrip()

    # A Dag

    def _dag(self, dag_id: str, units: Sequence[Unit], all_units: Sequence[Unit], *, is_native: bool) -> Iterator[Part]:
        variable = variable_of(dag_id)
        calls: list[str] = []
        functions: dict[ast.AST, Unit] = {}
        for unit in units:
            functions.setdefault(unit.function, unit)
        for unit in functions.values():
            every = [task for other in all_units if other.function is unit.function for task in other.tasks]
            tasks = [task for task in every if task.dag.dag_id == dag_id]
            is_decorated = len(every) == 1
            function = self._nodes.function(unit.function)
            decorators = [
                decorator
                for decorator, node in zip(function.decorators, unit.function.decorator_list, strict=True)
                if not self._is_of_airflow(unit, node)
            ]
            name = unit.function.name
            code = self._nodes.standalone(function, decorators)
            if is_decorated:
                head = f"@{variable}.{tasks[0].kind}" + _call_of_options(name, tasks[0])
                yield Part(f"task {dag_id} {tasks[0].task_id}", f"{head}\n{code}")
                calls.append(_call(name, tasks[0]))
                continue
            if tasks[0] is every[0]:
                yield Part(f"function {name}", code)
            for task in tasks:
                local = task_variable(task.task_id)
                yield Part(
                    f"task {dag_id} {task.task_id}",
                    f"{local} = {variable}.{task.kind}{_call_of_options('', task)}({name})",
                    2 if task is tasks[0] else 0,
                )
                calls.append(_call(local, task))
        choosing = [task for unit in units for task in unit.tasks if task.kind != "task" and task.dag.dag_id == dag_id]
        if is_native:
            calls += _edges(variable, [task for unit in units for task in unit.tasks if task.dag.dag_id == dag_id])
        elif choosing:
            calls.append(_outside(variable, choosing))
        body = "\n".join(f"    {line}" for call in calls for line in call.splitlines())
        yield Part(f"block {dag_id}", f"with {variable}:\n{body}")

    def _is_of_airflow(self, unit: Unit, node: ast.expr) -> bool:
        expression = node.func if isinstance(node, ast.Call) else node
        while isinstance(expression, ast.Attribute):
            expression = expression.value
        if not isinstance(expression, ast.Name) or unit.site.function is None:
            return False
        value = unit.site.function.scope
        try:
            found = value.find(expression.id)
        except KeyError:
            return False
        return bool(getattr(found, "is_airflow", False))


def task_variable(task_id: str) -> str:
    """A variable for a task that has no function of its own."""
    return variable_of(task_id).removesuffix("_dag") + "_task"


def render(parts: Sequence[Part]) -> str:
    """The source code of a module."""
    text = ""
    for part in parts:
        text += ("\n" * (part.space + 1) if text else "") + part.code
    return text + "\n"


def _call_of_options(name: str, task: MovedTask) -> str:
    options = dict(task.options)
    if task.task_id != name:
        options = {"task_id": _quote(task.task_id), **options}
    return _lay_out("(", [f"{key}={code}" for key, code in options.items()]) if options else ""


def _call(name: str, task: MovedTask) -> str:
    if task.mapped is not None:
        shared = f".partial({_arguments([], task.kwargs)})" if task.kwargs else ""
        code = _lay_out(f"{name}{shared}.expand(", _list([], task.mapped))
    else:
        code = _lay_out(f"{name}(", _list(task.args, task.kwargs))
    return code + (".as_mapping_source()" if task.is_mapping_source else "")


def _registration(dag_id: str, options: Mapping[str, str]) -> str:
    """The declaration of a Dag."""
    items = [_quote(dag_id), *(f"{name}={code}" for name, code in options.items())]
    return _lay_out(f"{variable_of(dag_id)} = bundle.dag(", items)


def _edges(variable: str, tasks: Sequence[MovedTask]) -> Iterator[str]:
    """The edges of a native Dag that no argument declares."""
    passed = {(task_id, task.task_id) for task in tasks for task_id, _ in task.xcoms}
    for upstream_id, downstream_id in tasks[0].dag.edges:
        if (upstream_id, downstream_id) not in passed:
            yield f"{variable}.tasks[{_quote(upstream_id)}] >> {variable}.tasks[{_quote(downstream_id)}]"


def _outside(variable: str, tasks: Sequence[MovedTask]) -> str:
    """The order of the tasks after branches and short circuits, which the Dag file declares."""
    dag = tasks[0].dag
    downstream: dict[str, list[str]] = {}
    for upstream_id, downstream_id in dag.edges:
        downstream.setdefault(upstream_id, []).append(downstream_id)
    reached: dict[str, None] = {}
    pending = [task.task_id for task in tasks]
    while pending:
        task_id = pending.pop(0)
        if task_id not in reached:
            reached[task_id] = None
            pending += downstream.get(task_id, [])
    edges = {task_id: downstream[task_id] for task_id in reached if task_id in downstream}
    items = [f"{_quote(task_id)}: [{', '.join(map(_quote, ids))}]" for task_id, ids in edges.items()]
    arguments = ["{" + ", ".join(items) + "}"]
    teardowns = [task_id for task_id in reached if task_id in dag.tasks and dag.tasks[task_id].kind == "teardown"]
    if teardowns:
        arguments.append(f"teardowns=[{', '.join(map(_quote, teardowns))}]")
    firsts = {
        group_id: [task.task_id for task in first_tasks(group) if task.task_id in reached]
        for group_id, group in dag.groups.items()
    }
    named = [f"{_quote(group_id)}: [{', '.join(map(_quote, ids))}]" for group_id, ids in firsts.items() if ids]
    if named:
        arguments.append(f"groups={{{', '.join(named)}}}")
    return _lay_out(f"{variable}.outside(", arguments)


def _list(args: Sequence[str], kwargs: Mapping[str, str]) -> list[str]:
    named = [f"{key}={code}" for key, code in kwargs.items() if key.isidentifier()]
    odd = ", ".join(f"{_quote(key)}: {code}" for key, code in kwargs.items() if not key.isidentifier())
    return [*args, *named, *([f"**{{{odd}}}"] if odd else [])]


def _arguments(args: Sequence[str], kwargs: Mapping[str, str]) -> str:
    return ", ".join(_list(args, kwargs))


def _lay_out(head: str, items: Sequence[str]) -> str:
    line = head + ", ".join(items) + ")"
    if len(line) + 4 <= _WIDTH or not items:
        return line
    return head + "\n" + "".join(f"    {item},\n" for item in items) + ")"


def _quote(text: str) -> str:
    code = repr(text)
    return '"' + code[1:-1] + '"' if code[0] == "'" and '"' not in text and "\\'" not in code else code


def _dedent(text: str, columns: int) -> str:
    """Code without its indentation; strings of several lines stay as they are."""
    wrapped = "if True:\n" + " " * columns + text
    tree = ast.parse(wrapped)
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno is not None:
            inside |= set(range(node.lineno + 1, node.end_lineno + 1))
    lines = wrapped.splitlines(keepends=True)[1:]
    return "".join(
        line if number in inside or not line[:columns].isspace() else line[columns:]
        for number, line in enumerate(lines, 2)
    )
