"""Reads which tasks a Dag file creates, by following its statements without running them.

It evaluates literals, loops over known values, the file's own functions that create tasks, and Airflow's names.
Everything else is an `Unknown`. `airflow_calls` knows what a call of one of Airflow's names does.
"""

from __future__ import annotations

import ast
import operator
import re
from contextlib import suppress
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any

from dagfloe.adopt.reading.airflow_calls import AirflowCalls
from dagfloe.adopt.reading.values import (
    Dag,
    Function,
    Group,
    Imported,
    Param,
    Scope,
    TaskFunction,
    TaskResult,
    Unknown,
    is_known,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

#: Limits of what is followed. A file that needs more is read as far as they go.
_MAX_STEPS, _MAX_DEPTH, _MAX_ITERATIONS, _MAX_LENGTH = 200_000, 30, 2000, 100_000
#: Products of larger numbers are not computed; a list of so many items may be.
_MAX_FACTOR, _MAX_BASE, _MAX_EXPONENT = 10**9, 1000, 100
_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "bool": bool,
    "dict": dict,
    "enumerate": lambda *args: list(enumerate(*args)),
    "float": float,
    "int": int,
    "len": len,
    "list": list,
    "max": max,
    "min": min,
    "range": lambda *args: list(range(*args)) if len(range(*args)) <= _MAX_ITERATIONS else Unknown(),
    "reversed": lambda items: list(reversed(items)),
    "set": set,
    "sorted": sorted,
    "str": str,
    "sum": sum,
    "tuple": tuple,
    "zip": lambda *args: list(zip(*args, strict=False)),
}
#: `!s`, `!r` and `!a` in f-strings.
_CONVERSIONS: dict[int, Callable[[Any], str]] = {115: str, 114: repr, 97: ascii}
#: Functions that accept values which are not plain, inside their arguments.
_ON_CONTAINERS = {"dict", "enumerate", "len", "list", "range", "reversed", "tuple", "zip"}
_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(
        [
            "capitalize",
            "endswith",
            "format",
            "join",
            "lower",
            "lstrip",
            "removeprefix",
            "removesuffix",
            "replace",
            "rstrip",
            "split",
            "splitlines",
            "startswith",
            "strip",
            "title",
            "upper",
            "zfill",
        ]
    ),
    list: frozenset({"append", "copy", "count", "extend", "index", "insert", "pop", "reverse"}),
    dict: frozenset({"copy", "get", "items", "keys", "pop", "setdefault", "update", "values"}),
    set: frozenset({"add", "update"}),
    tuple: frozenset({"count", "index"}),
}


class _Return(Exception):
    """The end of a function."""

    def __init__(self, value: Any) -> None:
        self.value = value


class _Stop(Exception):
    """`break` and `continue`."""

    def __init__(self, *, is_break: bool) -> None:
        self.is_break = is_break


class Interpreter(AirflowCalls):
    """Follows the statements of a Dag file. `dags`, `tasks` and `sites` of the base class have what it found.

    Args:
        path: the path of the file: many Dags have the file's name.
    """

    def __init__(self, path: str = "dag.py") -> None:
        super().__init__()
        self._steps = 0
        self._depth = 0
        # No str: the values of tasks must not have a path of this host.
        self.module = Scope({"__file__": PurePosixPath(path)})
        self.functions: dict[ast.AST, Function] = {}
        #: The expressions that stand for a task or its XCom.
        self.results: dict[ast.AST, TaskResult] = {}

    def run(self, tree: ast.Module) -> None:
        """Follow a file."""
        with suppress(_Return, _Stop):  # Python refuses the file
            self._block(tree.body, self.module)
        self.resolve_edges()

    # Statements

    def _block(self, statements: Sequence[ast.stmt], scope: Scope) -> None:
        for statement in statements:
            self._steps += 1
            if self._steps > _MAX_STEPS:
                return
            self._statement(statement, scope)

    def _statement(self, node: ast.stmt, scope: Scope) -> None:  # noqa: C901, PLR0912 - a case for each statement
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                scope.names[node.name] = self._define(node, scope)
            case ast.ClassDef():
                scope.names[node.name] = Unknown(node)
            case ast.Import():
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    scope.names[name] = Imported(alias.name if alias.asname else name)
            case ast.ImportFrom():
                for alias in node.names:
                    module = "." * node.level + (node.module or "")
                    scope.names[alias.asname or alias.name] = Imported(f"{module}.{alias.name}")
            case ast.Assign():
                value = self.evaluate(node.value, scope)
                for target in node.targets:
                    self._assign(target, value, scope)
            case ast.AnnAssign():
                if node.value is not None:
                    self._assign(node.target, self.evaluate(node.value, scope), scope)
            case ast.AugAssign():
                read = ast.copy_location(ast.BinOp(_as_load(node.target), node.op, node.value), node)
                self._assign(node.target, self.evaluate(read, scope), scope)
            case ast.Expr():
                self.evaluate(node.value, scope)
            case ast.With() | ast.AsyncWith():
                self._with(node, scope)
            case ast.For() | ast.AsyncFor():
                self._for(node, scope)
            case ast.While():
                self.evaluate(node.test, scope)
                self._repeat_unknown(node, node.body, scope)
            case ast.If():
                self._if(node, scope)
            case ast.Try():
                self._block([*node.body, *node.orelse, *node.finalbody], scope)
            case ast.Match():
                self._branches([case.body for case in node.cases], scope)
            case ast.Return():
                raise _Return(None if node.value is None else self.evaluate(node.value, scope))
            case ast.Break() | ast.Continue():
                raise _Stop(is_break=isinstance(node, ast.Break))
            case ast.Delete():
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        scope.names.pop(target.id, None)
            case _:
                pass

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Any:
        function = self.functions.setdefault(node, Function(node, scope))
        function.scope = scope
        value: Any = function
        for expression in reversed(node.decorator_list):
            decorator = self.evaluate(expression, scope)
            if isinstance(decorator, Imported):
                decorator = self.read_decorator(decorator, None, {}, {})
            value = self.decorate(decorator, value, expression)
        return value

    def _with(self, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
        entered = []
        for item in node.items:
            value = self.evaluate(item.context_expr, scope)
            if isinstance(value, (Dag, Group)):
                self.open.append(value)
                entered.append(value)
            elif not isinstance(value, TaskResult):
                value = Unknown(item.context_expr)
            if item.optional_vars is not None:
                self._assign(item.optional_vars, value, scope)
        self._block(node.body, scope)
        for value in reversed(entered):
            self.open.remove(value)

    def _for(self, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
        items = self.evaluate(node.iter, scope)
        if isinstance(items, dict):
            items = list(items)
        if not isinstance(items, (list, tuple, set, str)) or len(items) > _MAX_ITERATIONS:
            self._assign(node.target, Unknown(node.iter), scope)
            self._repeat_unknown(node, node.body, scope)
        else:
            for item in sorted(items, key=str) if isinstance(items, set) else list(items):
                self._assign(node.target, item, scope)
                try:
                    self._block(node.body, scope)
                except _Stop as stop:
                    if stop.is_break:
                        return
        self._block(node.orelse, scope)

    def _repeat_unknown(self, node: ast.stmt, body: Sequence[ast.stmt], scope: Scope) -> None:
        """Follow the body of a loop whose items cannot be read, once."""
        self.uncertain.append(node.lineno)
        try:
            self._block(body, scope)
        except _Stop:
            pass
        finally:
            self.uncertain.pop()

    def _if(self, node: ast.If, scope: Scope) -> None:
        test = self.evaluate(node.test, scope)
        if is_known(test):
            self._block(node.body if test else node.orelse, scope)
        elif _is_main(node.test) or (isinstance(test, Imported) and test.last == "TYPE_CHECKING"):
            self._block(node.orelse, scope)
        else:
            self._branches([node.body, node.orelse], scope)

    def _branches(self, bodies: Iterable[Sequence[ast.stmt]], scope: Scope) -> None:
        """Follow several blocks. Only one of them runs. Names that differ afterwards are unknown."""
        before = dict(scope.names)
        after: list[dict[str, Any]] = []
        for body in bodies:
            scope.names = dict(before)
            try:
                self._block(body, scope)
            except (_Return, _Stop):
                continue
            after.append(scope.names)
        merged = dict(after[0]) if after else before
        for names in after[1:]:
            for name in {*merged, *names}:
                if name not in merged:
                    merged[name] = names[name]
                elif name in names and merged[name] is not names[name]:
                    same = is_known(merged[name]) and is_known(names[name]) and merged[name] == names[name]
                    merged[name] = merged[name] if same else Unknown()
        scope.names = merged

    def _assign(self, target: ast.expr, value: Any, scope: Scope) -> None:
        match target:
            case ast.Name():
                scope.names[target.id] = value
            case ast.Tuple() | ast.List():
                items = list(value) if isinstance(value, (list, tuple)) else []
                if len(items) != len(target.elts) or any(isinstance(item, ast.Starred) for item in target.elts):
                    items = [self.item(value, place) for place in range(len(target.elts))]
                for element, item in zip(target.elts, items, strict=True):
                    self._assign(element.value if isinstance(element, ast.Starred) else element, item, scope)
            case ast.Subscript():
                container, key = self.evaluate(target.value, scope), self.evaluate(target.slice, scope)
                is_dict = isinstance(container, dict) and is_known(key) and not isinstance(key, (list, dict, set))
                is_list = isinstance(container, list) and isinstance(key, int)
                if is_dict or (is_list and -len(container) <= key < len(container)):
                    container[key] = value
            case _:
                pass

    # Expressions

    def evaluate(self, node: ast.expr, scope: Scope) -> Any:
        """The value of an expression. Tasks that its calls create are recorded."""
        value = self._evaluate(node, scope)
        if isinstance(value, TaskResult):
            self.results[node] = value
        return value

    def _evaluate(self, node: ast.expr, scope: Scope) -> Any:  # noqa: C901, PLR0912 - a case for each expression
        self._steps += 1
        if self._steps > _MAX_STEPS or self._depth > _MAX_DEPTH:
            return Unknown(node)
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                try:
                    return scope.find(node.id)
                except KeyError:
                    return Unknown(node)
            case ast.List():
                return self._items(node.elts, scope)
            case ast.Tuple():
                return tuple(self._items(node.elts, scope))
            case ast.Set():
                items = self._items(node.elts, scope)
                return set(items) if is_known(items) else Unknown(node)
            case ast.Dict():
                return self._dict(node, scope)
            case ast.JoinedStr():
                return self._joined(node, scope)
            case ast.BinOp():
                return self._binary(node, scope)
            case ast.Compare():
                return self._compare(node, scope)
            case ast.BoolOp():
                return self._bool(node, scope)
            case ast.UnaryOp():
                return self._unary(node, scope)
            case ast.IfExp():
                test = self.evaluate(node.test, scope)
                if not is_known(test):
                    self.evaluate(node.body, scope)
                    self.evaluate(node.orelse, scope)
                    return Unknown(node)
                return self.evaluate(node.body if test else node.orelse, scope)
            case ast.Attribute():
                return self._attribute(node, scope)
            case ast.Subscript():
                return self.item(self.evaluate(node.value, scope), self.evaluate(node.slice, scope), node)
            case ast.Call():
                return self._call(node, scope)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node, scope)
            case ast.NamedExpr():
                value = self.evaluate(node.value, scope)
                self._assign(node.target, value, scope)
                return value
            case ast.Starred():
                return self.evaluate(node.value, scope)
            case _:
                return Unknown(node)

    def _items(self, nodes: Sequence[ast.expr], scope: Scope) -> list[Any]:
        items: list[Any] = []
        for node in nodes:
            value = self.evaluate(node, scope)
            if not isinstance(node, ast.Starred):
                items.append(value)
            elif isinstance(value, (list, tuple)):
                items += value
            else:
                items.append(Unknown(node))
        return items

    def _dict(self, node: ast.Dict, scope: Scope) -> Any:
        values: dict[Any, Any] = {}
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            value = self.evaluate(value_node, scope)
            if key_node is None:
                if not isinstance(value, dict):
                    return Unknown(node)
                values |= value
                continue
            key = self.evaluate(key_node, scope)
            if not is_known(key) or isinstance(key, (list, dict, set)):
                return Unknown(node)
            values[key] = value
        return values

    def _joined(self, node: ast.JoinedStr, scope: Scope) -> Any:
        parts: list[str] = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value))
                continue
            if not isinstance(part, ast.FormattedValue):
                return Unknown(node)
            value = self.evaluate(part.value, scope)
            spec = "" if part.format_spec is None else self.evaluate(part.format_spec, scope)
            if not is_known(value) or not isinstance(spec, str) or re.search(r"\d{5}", spec):
                return Unknown(node)
            if part.conversion != -1:
                value = _CONVERSIONS[part.conversion](value)
            try:
                parts.append(format(value, spec))
            except (TypeError, ValueError):
                return Unknown(node)
        return "".join(parts)

    def _binary(self, node: ast.BinOp, scope: Scope) -> Any:
        left, right = self.evaluate(node.left, scope), self.evaluate(node.right, scope)
        if isinstance(node.op, ast.RShift):
            self.connect(left, right)
            return right
        if isinstance(node.op, ast.LShift):
            self.connect(right, left)
            return right
        if isinstance(node.op, ast.BitOr) and isinstance(left, dict) and isinstance(right, dict):
            return {**left, **right}
        are_lists = isinstance(left, (list, tuple)) and type(left) is type(right) and isinstance(node.op, ast.Add)
        if not are_lists and not (is_known(left) and is_known(right)):
            return Unknown(node)
        return self._apply(_OPERATORS.get(type(node.op)), node, left, right)

    def _apply(self, function: Callable[..., Any] | None, node: ast.AST, *args: Any, **kwargs: Any) -> Any:
        """Call a function of Python; what it raises, and what is too large, is unknown."""
        if function is None:
            return Unknown(node)
        if not _is_cheap(node, args):
            return Unknown(node)
        try:
            value = function(*args, **kwargs)
        except Exception:  # noqa: BLE001 - whatever Python raises for the author's values
            return Unknown(node)
        if isinstance(value, (str, bytes, list, tuple, set, dict)) and len(value) > _MAX_LENGTH:
            return Unknown(node)
        return value

    def _compare(self, node: ast.Compare, scope: Scope) -> Any:
        values = [self.evaluate(item, scope) for item in (node.left, *node.comparators)]
        if not all(map(is_known, values)):
            return Unknown(node)
        result: Any = True
        for place, kind in enumerate(node.ops):
            result = self._apply(_OPERATORS.get(type(kind)), node, values[place], values[place + 1])
            if not result or isinstance(result, Unknown):
                return result
        return result

    def _bool(self, node: ast.BoolOp, scope: Scope) -> Any:
        value: Any = Unknown(node)
        for item in node.values:
            value = self.evaluate(item, scope)
            if not is_known(value):
                return Unknown(node)
            if bool(value) is isinstance(node.op, ast.Or):
                return value
        return value

    def _unary(self, node: ast.UnaryOp, scope: Scope) -> Any:
        value = self.evaluate(node.operand, scope)
        if not is_known(value):
            return Unknown(node)
        functions: dict[type[ast.AST], Callable[..., Any]] = {
            ast.Not: operator.not_,
            ast.USub: operator.neg,
            ast.UAdd: operator.pos,
        }
        return self._apply(functions.get(type(node.op)), node, value)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Any:
        value = self.evaluate(node.value, scope)
        match value:
            case Imported():
                return Imported(f"{value.name}.{node.attr}")
            case TaskResult():
                return value if node.attr in ("output", "operator") else Unknown(node)
            case PurePath() if node.attr in ("name", "parent", "stem", "suffix"):
                return getattr(value, node.attr)
            case Dag() if node.attr == "dag_id":
                return value.dag_id
            case TaskFunction() if node.attr == "function":
                return value.site.function
            case _:
                return Unknown(node)

    def item(self, value: Any, key: Any, node: ast.AST | None = None) -> Any:
        """The item of a value."""
        if isinstance(value, TaskResult):
            is_key = isinstance(key, str) and value.key == "return_value"
            return TaskResult(value.task, key) if is_key else Unknown(node)
        if isinstance(value, (list, tuple, dict, str)) and is_known(key):
            return self._apply(operator.getitem, node or ast.Pass(), value, key)
        return Unknown(node)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: Scope) -> Any:
        inner = Scope(parent=scope, function=scope.function)
        found: list[Any] = []

        def follow(generators: Sequence[ast.comprehension]) -> bool:
            if not generators:
                if isinstance(node, ast.DictComp):
                    found.append((self.evaluate(node.key, inner), self.evaluate(node.value, inner)))
                else:
                    found.append(self.evaluate(node.elt, inner))
                return True
            first = generators[0]
            items = self.evaluate(first.iter, inner)
            items = list(items) if isinstance(items, (dict, str)) else items
            items = sorted(items, key=str) if isinstance(items, set) else items
            if not isinstance(items, (list, tuple)) or len(items) > _MAX_ITERATIONS:
                self._assign(first.target, Unknown(first.iter), inner)
                self.uncertain.append(node.lineno)
                follow(generators[1:])
                self.uncertain.pop()
                return False
            for item in items:
                self._assign(first.target, item, inner)
                tests = [self.evaluate(test, inner) for test in first.ifs]
                if not all(map(is_known, tests)) or (all(tests) and not follow(generators[1:])):
                    return False
            return True

        if not follow(node.generators) or len(found) > _MAX_LENGTH:
            return Unknown(node)
        if isinstance(node, ast.DictComp):
            return dict(found) if all(is_known(key) for key, _ in found) else Unknown(node)
        if isinstance(node, ast.SetComp):
            return set(found) if is_known(found) else Unknown(node)
        return found

    # Calls

    def _call(self, node: ast.Call, scope: Scope) -> Any:
        if isinstance(node.func, ast.Attribute):
            owner = self.evaluate(node.func.value, scope)
            args, kwargs, nodes = self._arguments(node, scope)
            if kwargs is None:
                self.note_unknown_call(owner, node)
                return Unknown(node)
            if isinstance(owner, Imported):
                return self.call_imported(Imported(f"{owner.name}.{node.func.attr}"), node, args, kwargs, nodes)
            if isinstance(owner, tuple(_METHODS)):
                return self._method(owner, node.func.attr, node, args, kwargs)
            return self.call_method(owner, node.func.attr, node, args, kwargs, nodes)
        function = self.evaluate(node.func, scope)
        args, kwargs, nodes = self._arguments(node, scope)
        if kwargs is None:
            self.note_unknown_call(function, node)
            return Unknown(node)
        if isinstance(function, Imported):
            return self.call_imported(function, node, args, kwargs, nodes)
        if isinstance(node.func, ast.Name) and isinstance(function, Unknown) and node.func.id in _FUNCTIONS:
            is_plain = is_known(args) and is_known(kwargs)
            if is_plain or (node.func.id in _ON_CONTAINERS and not any(isinstance(arg, Unknown) for arg in args)):
                return self._apply(_FUNCTIONS[node.func.id], node, *args, **kwargs)
            return Unknown(node)
        return self.call_value(function, node, args, kwargs, nodes)

    def _arguments(self, node: ast.Call, scope: Scope) -> tuple[list[Any], dict[str, Any] | None, dict[str, ast.expr]]:
        """The values of a call's arguments, and the expressions of those by name; no names if `**` is unknown."""
        args = self._items(node.args, scope)
        kwargs: dict[str, Any] = {}
        nodes: dict[str, ast.expr] = {}
        is_unknown = any(isinstance(arg, ast.Starred) for arg in node.args) and any(
            isinstance(arg, Unknown) and isinstance(arg.node, ast.Starred) for arg in args
        )
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg is not None:
                kwargs[keyword.arg] = value
                nodes[keyword.arg] = keyword.value
            elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
                kwargs |= value
                nodes |= dict.fromkeys(value, keyword.value)
            else:
                is_unknown = True
        return args, None if is_unknown else kwargs, nodes

    def _method(self, owner: Any, name: str, node: ast.Call, args: list[Any], kwargs: dict[str, Any]) -> Any:
        kind = next(kind for kind in _METHODS if isinstance(owner, kind))
        if name not in _METHODS[kind]:
            return Unknown(node)
        if isinstance(owner, str) and not (is_known(args) and is_known(kwargs)):
            return Unknown(node)
        if isinstance(owner, str) and (
            (name == "format" and re.search(r":[^}]*\d{5}", owner))
            or (name == "zfill" and not all(isinstance(arg, int) and arg <= _MAX_LENGTH for arg in args))
        ):
            return Unknown(node)
        value = self._apply(getattr(owner, name), node, *args, **kwargs)
        return list(value) if isinstance(owner, dict) and name in ("items", "keys", "values") else value

    def call_function(self, function: Function, args: list[Any], kwargs: Mapping[str, Any], node: ast.AST) -> Any:
        """Follow the body of a function.

        Args:
            function: the function.
            args: its arguments by position.
            kwargs: its arguments by name.
            node: the call.

        Returns:
            What it returns.
        """
        if self._depth >= _MAX_DEPTH:
            return Unknown(node)
        scope = Scope(parent=function.scope, function=function.node)
        self._bind(function, scope, args, kwargs)
        self._depth += 1
        try:
            self._block(function.node.body, scope)
        except _Return as end:
            return end.value
        except _Stop:
            pass
        finally:
            self._depth -= 1
        return None

    def _bind(self, function: Function, scope: Scope, args: list[Any], kwargs: Mapping[str, Any]) -> None:
        arguments = function.node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults = dict(zip(reversed([item.arg for item in positional]), reversed(arguments.defaults), strict=False))
        defaults |= {
            item.arg: default
            for item, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if default is not None
        }
        for place, item in enumerate([*positional, *arguments.kwonlyargs]):
            if place < len(args) and place < len(positional):
                scope.names[item.arg] = args[place]
            elif item.arg in kwargs:
                scope.names[item.arg] = kwargs[item.arg]
            elif item.arg in defaults:
                scope.names[item.arg] = self.evaluate(defaults[item.arg], function.scope)
            else:
                scope.names[item.arg] = Unknown(item)
        names = {item.arg for item in [*positional, *arguments.kwonlyargs]}
        if arguments.vararg:
            scope.names[arguments.vararg.arg] = tuple(args[len(positional) :])
        if arguments.kwarg:
            scope.names[arguments.kwarg.arg] = {name: value for name, value in kwargs.items() if name not in names}

    def follow_dag(self, function: Function) -> None:
        """Follow the body of a Dag's function. Its parameters are params of the run."""
        scope = Scope(parent=function.scope, function=function.node)
        arguments = function.node.args
        for item in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            scope.names[item.arg] = Param(item.arg)
        with suppress(_Return, _Stop):
            self._block(function.node.body, scope)


def _is_cheap(node: ast.AST, args: Sequence[Any]) -> bool:
    """Whether Python computes a value at once, and it takes little memory."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, exponent = args
        is_number = isinstance(base, (int, float)) and isinstance(exponent, int)
        return is_number and abs(base) <= _MAX_BASE and abs(exponent) <= _MAX_EXPONENT
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        lengths = [len(arg) for arg in args if isinstance(arg, (str, bytes, list, tuple))]
        numbers = [arg for arg in args if isinstance(arg, (int, float))]
        if lengths:
            return all(lengths[0] * number <= _MAX_LENGTH for number in numbers)
        return all(abs(number) <= _MAX_FACTOR for number in numbers)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(args[0], (str, bytes)):
        return not re.search(r"\d{5}", str(args[0])) and "*" not in str(args[0])
    if isinstance(node, ast.Call):
        texts = [arg for arg in args if isinstance(arg, str)]
        numbers = [arg for arg in args if isinstance(arg, int)]
        return all(len(text) <= _MAX_LENGTH for text in texts) and all(abs(number) <= _MAX_FACTOR for number in numbers)
    return True


def _as_load(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return target


def _is_main(node: ast.expr) -> bool:
    """Whether a test asks if the file is run as a program."""
    return (
        isinstance(node, ast.Compare)
        and isinstance(node.left, ast.Name)
        and node.left.id == "__name__"
        and len(node.ops) == 1
        and isinstance(node.ops[0], ast.Eq)
    )
