"""What a function of a Dag file uses: imports, constants and helpers of its module, also through one another. Pure."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dagfloe.adopt.reading.values import (
    Dag,
    DagFunction,
    Group,
    GroupFunction,
    Param,
    Scope,
    TaskFunction,
    TaskResult,
    leaves,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Names that every module has. `__file__` differs in a project.
_OF_MODULES = frozenset({*dir(builtins), "__name__", "__doc__", "__debug__", "__builtins__"})


@dataclass(frozen=True)
class Import:
    """An import that a function needs.

    Attributes:
        module: the module, with the dots of a relative import before it.
        name: what is imported from it; an empty string for the module itself.
        alias: the name in the file; an empty string if it is not renamed.
        line: the line of the statement.
    """

    module: str
    name: str
    alias: str
    line: int

    @property
    def root(self) -> str:
        """The package that it is from."""
        return self.module.partition(".")[0]

    def render(self) -> str:
        """The statement."""
        ending = f" as {self.alias}" if self.alias else ""
        return f"from {self.module} import {self.name}{ending}" if self.name else f"import {self.module}{ending}"


@dataclass
class Needs:
    """What functions need of their module.

    Attributes:
        imports: imports.
        statements: other statements, in any order: assignments, functions, classes and blocks that define names.
        problems: what cannot be moved: lines and descriptions.
        missing: names that the module does not have.
        inner_imports: imports inside functions.
    """

    imports: set[Import] = field(default_factory=set)
    statements: set[ast.stmt] = field(default_factory=set)
    problems: list[tuple[int, str]] = field(default_factory=list)
    missing: dict[str, int] = field(default_factory=dict)
    inner_imports: set[Import] = field(default_factory=set)

    def add(self, other: Needs) -> None:
        """Add what other functions need."""
        self.imports |= other.imports
        self.statements |= other.statements
        self.problems += other.problems
        self.missing |= other.missing
        self.inner_imports |= other.inner_imports


class NameGraph:
    """Which statements of a file define the names that other code uses.

    Args:
        tree: the file.
        module: the values of the file's names.
    """

    def __init__(self, tree: ast.Module, module: Scope) -> None:
        self._module = module
        self._definitions = _definitions(tree.body)
        self._inner: dict[ast.AST, dict[str, list[ast.stmt]]] = {}

    def needs(self, nodes: Sequence[ast.AST], scope: Scope) -> Needs:
        """What code needs.

        Args:
            nodes: the code.
            scope: the scope in which it is.
        """
        found = Needs()
        seen: set[tuple[ast.AST | None, str]] = set()
        for node in nodes:
            self._follow(node, scope, found, seen)
        return found

    def _follow(self, node: ast.AST, scope: Scope, found: Needs, seen: set[tuple[ast.AST | None, str]]) -> None:
        found.inner_imports |= set(_inner_imports(node))
        for name, line in free_names(node).items():
            around: Scope | None = scope
            while around is not None and not self._defines(around, name):
                around = around.parent
            if around is None:
                if name == "__file__":
                    found.problems.append((line, "it uses `__file__`, which is another file in the project"))
                elif name not in _OF_MODULES:
                    found.missing.setdefault(name, line)
                continue
            if (around.function, name) in seen:
                continue
            seen.add((around.function, name))
            self._take(name, line, around, found, seen)

    def _defines(self, scope: Scope, name: str) -> bool:
        return name in self._of(scope) or (scope.function is not None and name in _parameters(scope.function))

    def _of(self, scope: Scope) -> dict[str, list[ast.stmt]]:
        if scope.function is None:
            return self._definitions if scope is self._module else {}
        if scope.function not in self._inner:
            self._inner[scope.function] = _definitions(scope.function.body)
        return self._inner[scope.function]

    def _take(self, name: str, line: int, scope: Scope, found: Needs, seen: set[tuple[ast.AST | None, str]]) -> None:
        value = scope.names.get(name)
        problem = _problem_of(name, value)
        if problem:
            found.problems.append((line, problem))
            return
        statements = self._of(scope).get(name)
        if statements is None:
            found.problems.append((line, f"it uses `{name}`, a parameter of the function around it"))
            return
        for statement in statements:
            problem = _statement_problem(name, statement, scope)
            if problem:
                found.problems.append((line, problem))
            elif isinstance(statement, (ast.Import, ast.ImportFrom)):
                found.imports |= {item for item in _imports(statement) if _bound(item) == name}
            elif statement not in found.statements:
                found.statements.add(statement)
                for node in [statement, *_decorators(statement)]:
                    self._follow(node, scope, found, seen)
                # A block may set more names, and each needs its other statements.
                for other in _bound_names(statement):
                    if (scope.function, other) not in seen:
                        seen.add((scope.function, other))
                        self._take(other, line, scope, found, seen)


def free_names(node: ast.AST) -> dict[str, int]:
    """The names that code uses and does not define itself, with a line that uses them."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        found = _free_of_function(node)
        for name in [name for name in found if name == node.name]:
            del found[name]
        return found
    found = {}
    bound: set[str] = set()
    _collect([node], found, bound)
    return {name: line for name, line in found.items() if name not in bound}


def _free_of_function(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> dict[str, int]:
    arguments = node.args
    inner: dict[str, int] = {}
    bound = set(_parameters(node))
    declared: set[str] = set()
    body = node.body if isinstance(node.body, list) else [node.body]
    for statement in body:
        for item in ast.walk(statement):
            if isinstance(item, ast.Global):
                declared |= set(item.names)
    _collect(body, inner, bound)
    found = {name: line for name, line in inner.items() if name not in bound - declared}
    outer: list[ast.AST] = [default for default in (*arguments.defaults, *arguments.kw_defaults) if default is not None]
    if not isinstance(node, ast.Lambda):
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        outer += [item.annotation for item in every if item is not None and item.annotation is not None]
        outer += [node.returns] if node.returns is not None else []
    outside: dict[str, int] = {}
    _collect(outer, outside, set())
    return {**outside, **found}


def _collect(nodes: Sequence[ast.AST], found: dict[str, int], bound: set[str]) -> None:  # noqa: C901, PLR0912 - a case for each node
    """Collect the names that code reads, and those that it sets in its own scope."""
    for node in nodes:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                bound.add(node.name)
                _merge(found, _free_of_function(node))
                _collect(node.decorator_list, found, bound)
            case ast.Lambda():
                _merge(found, _free_of_function(node))
            case ast.ClassDef():
                bound.add(node.name)
                inner: dict[str, int] = {}
                own: set[str] = set()
                _collect(node.body, inner, own)
                _merge(found, {name: line for name, line in inner.items() if name not in own})
                _collect([*node.bases, *node.keywords, *node.decorator_list], found, bound)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                inner, own = {}, set()
                _collect(list(ast.iter_child_nodes(node)), inner, own)
                _merge(found, {name: line for name, line in inner.items() if name not in own})
            case ast.Import() | ast.ImportFrom():
                bound |= {_bound(item) for item in _imports(node)}
            case ast.ExceptHandler():
                if node.name:
                    bound.add(node.name)
                _collect(list(ast.iter_child_nodes(node)), found, bound)
            case ast.Name():
                if isinstance(node.ctx, ast.Load):
                    found.setdefault(node.id, node.lineno)
                else:
                    bound.add(node.id)
            case ast.Constant():
                pass
            case ast.MatchAs() | ast.MatchStar():
                if node.name:
                    bound.add(node.name)
                _collect(list(ast.iter_child_nodes(node)), found, bound)
            case ast.MatchMapping():
                if node.rest:
                    bound.add(node.rest)
                _collect(list(ast.iter_child_nodes(node)), found, bound)
            case _:
                _collect(list(ast.iter_child_nodes(node)), found, bound)


def _merge(found: dict[str, int], more: dict[str, int]) -> None:
    for name, line in more.items():
        found.setdefault(name, line)


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[str]:
    arguments = node.args
    for item in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
        if item is not None:
            yield item.arg


def _imports(node: ast.Import | ast.ImportFrom) -> Iterator[Import]:
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield Import(alias.name, "", alias.asname or "", node.lineno)
        else:
            yield Import("." * node.level + (node.module or ""), alias.name, alias.asname or "", node.lineno)


def _inner_imports(node: ast.AST) -> Iterator[Import]:
    for item in ast.walk(node):
        if isinstance(item, (ast.Import, ast.ImportFrom)):
            yield from _imports(item)


def _bound(item: Import) -> str:
    """The name that an import sets."""
    return item.alias or item.name or item.module.partition(".")[0]


def _bound_names(statement: ast.stmt) -> set[str]:
    """The names that a statement sets, at any depth of its blocks."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    bound: set[str] = set()
    _collect([statement], {}, bound)
    return bound


def _definitions(body: Sequence[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """The statements that set names, by name. Blocks of Dags, groups and loops count as their statements."""
    found: dict[str, list[ast.stmt]] = {}
    for statement in body:
        if isinstance(statement, (ast.With, ast.AsyncWith, ast.For, ast.AsyncFor, ast.While)):
            inner = _definitions([*statement.body, *getattr(statement, "orelse", [])])
            targets = _heads(statement)
            for name, statements in inner.items():
                found.setdefault(name, []).extend(statements)
            for name in targets:
                found.setdefault(name, []).append(statement)
            continue
        for name in _bound_names(statement):
            found.setdefault(name, []).append(statement)
    return found


def _heads(statement: ast.With | ast.AsyncWith | ast.For | ast.AsyncFor | ast.While) -> set[str]:
    bound: set[str] = set()
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        _collect([item.optional_vars for item in statement.items if item.optional_vars is not None], {}, bound)
    elif isinstance(statement, (ast.For, ast.AsyncFor)):
        _collect([statement.target], {}, bound)
    return bound


def _decorators(statement: ast.stmt) -> list[ast.expr]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return statement.decorator_list
    return []


def _is_simple(statement: ast.stmt) -> bool:
    """Whether a statement of a function means the same at the module's level."""
    return isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or (
        isinstance(statement, (ast.Assign, ast.AnnAssign))
        and statement.value is not None
        and not any(isinstance(item, (ast.Call, ast.Await, ast.Yield)) for item in ast.walk(statement.value))
    )


def _problem_of(name: str, value: object) -> str:
    match value:
        case TaskFunction():
            return f"it uses the task function `{name}`: use a plain function in both"
        case DagFunction() | GroupFunction() | Dag() | Group() | TaskResult() | Param():
            return f"it uses `{name}`, which belongs to a Dag: pass what it needs as an argument"
        case _:
            return ""


def _statement_problem(name: str, statement: ast.stmt, scope: Scope) -> str:
    """Why a statement cannot move; an empty string if it can."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return ""
    if scope.function is not None and not _is_simple(statement):
        return f"it uses `{name}`, which line {statement.lineno} sets in a function"
    if any(isinstance(leaf, (Dag, TaskResult, Group)) for leaf in _values(statement, scope)):
        return f"it uses `{name}`, which belongs to a Dag (line {statement.lineno})"
    return ""


def _values(statement: ast.stmt, scope: Scope) -> Iterator[object]:
    if isinstance(statement, (ast.For, ast.AsyncFor, ast.With, ast.AsyncWith)):
        yield from (leaf for name in _heads(statement) for leaf in leaves(scope.names.get(name)))
        return
    for name in _bound_names(statement):
        yield from leaves(scope.names.get(name))
