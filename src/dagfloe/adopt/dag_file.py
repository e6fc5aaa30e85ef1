"""Writes the new Dag file: each function that moved becomes a stub, and everything else stays byte for byte."""

from __future__ import annotations

import ast
import io
import tokenize
from functools import partial
from typing import TYPE_CHECKING, Any

import libcst as cst

from dagfloe.adopt.environments import ISOLATION_OPTIONS
from dagfloe.adopt.reading.airflow_names import CONTEXT_KEYS
from dagfloe.adopt.reading.cst_nodes import without_arguments
from dagfloe.adopt.reading.source import Edit
from dagfloe.adopt.reading.values import Imported, TaskResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dagfloe.adopt.plan import Unit
    from dagfloe.adopt.reading.cst_nodes import CstNodes
    from dagfloe.adopt.reading.interpreter import Interpreter
    from dagfloe.adopt.reading.source import SourceFile

_OPERATOR_OPTIONS = frozenset({"python_callable", "op_args", "op_kwargs"})
#: The options that a stub does not have.
_REMOVED = ISOLATION_OPTIONS | {"ignore_downstream_trigger_rules", "queue"}
#: What the uses of an operator's variable may be, so that its XCom does as well.
_IMPORTS_OF_TASK = ("airflow.sdk.task", "airflow.decorators.task", "airflow.sdk.definitions.decorators.task")


class DagFileWriter:
    """Writes the new Dag file.

    Args:
        source: the Dag file.
        nodes: its nodes.
        interpreter: what it creates.
    """

    def __init__(self, source: SourceFile, nodes: CstNodes, interpreter: Interpreter) -> None:
        self._source = source
        self._nodes = nodes
        self._interpreter = interpreter
        self._parents = {child: node for node in ast.walk(source.tree) for child in ast.iter_child_nodes(node)}
        self._needs_task = False
        #: The calls that change, and what writes their new code.
        self._rewritten: dict[ast.Call, Callable[[], str]] = {}
        self._task_name = self._find_task_name()

    def write(self, units: Sequence[tuple[Unit, str]]) -> bytes:
        """The content of the new file.

        Args:
            units: what moves, with the queue of each.
        """
        edits: list[Edit] = []
        stubbed: set[ast.AST] = set()
        self._find_rewritten_calls(units)
        for unit, queue in units:
            function = unit.function
            sends = _sends([other for other, _ in units], function)
            if unit.site.call is None:
                edits += self._decorated(unit, queue)
            elif function not in stubbed:
                edits.append(self._decorator_above(function, queue))
            if function not in stubbed:
                # A decorated function's docstring is the documentation of its task; an operator's is not.
                edits += self._stub(function, sends=sends, has_docstring=unit.site.call is None)
            stubbed.add(function)
        edits += self._rewritten_calls(self._source.tree)
        if self._needs_task:
            edits += self._import()
        return self._source.apply(edits)

    def _find_rewritten_calls(self, units: Sequence[tuple[Unit, str]]) -> None:
        for unit, queue in units:
            sends = _sends([other for other, _ in units], unit.function)
            if unit.site.call is not None:
                # The decorator above the function has the queue, unless its operators have several.
                queues = {item for other, item in units if other.function is unit.function}
                own = queue if len(queues) > 1 else ""
                self._rewritten[unit.site.call] = partial(self._operator, unit, own, sends=sends)
            elif not sends:
                calls = [task.call for task in unit.site.tasks if task.mapped is None]
                self._rewritten |= {call: partial(self._call_without_arguments, call) for call in calls}

    # Decorated functions

    def _rewritten_calls(self, node: ast.AST) -> Iterator[Edit]:
        """The edits of the calls that change, the outermost ones: their new code has the inner ones."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call) and child in self._rewritten:
                yield Edit(*self._source.span(child), self._rewritten[child]())
            else:
                yield from self._rewritten_calls(child)

    def _text(self, node: ast.expr) -> str:
        """The new code of an expression."""
        if isinstance(node, ast.Call) and node in self._rewritten:
            return self._rewritten[node]()
        start, end = self._source.span(node)
        text, place = "", start
        for edit in sorted(self._rewritten_calls(node), key=lambda edit: edit.start):
            text += self._source.text[place : edit.start] + edit.replacement
            place = edit.end
        return text + self._source.text[place:end]

    def _decorated(self, unit: Unit, queue: str) -> Iterator[Edit]:
        decorator = unit.site.decorator
        if decorator is None:
            raise AssertionError(unit)
        start, end = self._source.span(decorator)
        expression = decorator.func if isinstance(decorator, ast.Call) else decorator
        base = self._source.segment(self._base(expression))
        if isinstance(decorator, ast.Call):
            call = self._nodes.call(decorator)
            changed = without_arguments(
                call,
                _REMOVED,
                [("queue", _quote(queue))],
                cst.parse_expression(f"{base}.stub"),
            )
            code = self._nodes.code_of_call(changed, self._source.indent(decorator.lineno))
        else:
            code = f"{base}.stub(queue={_quote(queue)})"
        if unit.site.kind != "task" and not _names_task(expression):  # `@setup` or `@teardown` alone
            indent = self._source.indent(decorator.lineno)
            self._needs_task = True
            yield Edit(end, end, f"{self._source.newline}{indent}@{self._task_name}.stub(queue={_quote(queue)})")
        else:
            yield Edit(start, end, code)
        for other in unit.function.decorator_list:
            if other is not decorator and not self._is_airflow(other):
                yield self._without_line(other)

    def _base(self, expression: ast.expr) -> ast.expr:
        """The expression of `task` in `task.virtualenv`."""
        while isinstance(expression, ast.Attribute) and expression.attr != "task":
            expression = expression.value
        return expression

    def _is_airflow(self, node: ast.expr) -> bool:
        expression = node.func if isinstance(node, ast.Call) else node
        while isinstance(expression, ast.Attribute):
            expression = expression.value
        if not isinstance(expression, ast.Name):
            return False
        value = self._interpreter.module.names.get(expression.id)
        return isinstance(value, Imported) and value.is_airflow

    def _without_line(self, decorator: ast.expr) -> Edit:
        line, end_line = decorator.lineno, decorator.end_lineno or decorator.lineno
        return Edit(self._source.line_start(line), self._source.line_start(end_line + 1), "")

    def _call_without_arguments(self, call: ast.Call) -> str:
        """The call of a function whose stub has no parameters: what it passed becomes edges."""
        upstream = self._upstream([*call.args, *(keyword.value for keyword in call.keywords)])
        return _after(upstream, f"{self._source.segment(call.func)}()")

    def _upstream(self, expressions: Sequence[ast.expr]) -> list[str]:
        """The code of the tasks that expressions get XComs of."""
        found: dict[str, None] = {}

        def follow(node: ast.AST) -> None:
            if isinstance(node, ast.expr) and isinstance(self._interpreter.results.get(node), TaskResult):
                while isinstance(node, ast.Subscript):  # the XCom with a key is of the same task
                    node = node.value
                found[self._text(node)] = None
                return
            for child in ast.iter_child_nodes(node):
                follow(child)

        for expression in expressions:
            follow(expression)
        return list(found)

    # Operators

    def _operator(self, unit: Unit, queue: str, *, sends: bool) -> str:
        call = unit.site.call
        if call is None:
            raise AssertionError(unit)
        name = self._source.segment(unit.site.nodes["python_callable"])
        changed = without_arguments(
            self._nodes.call(call),
            _REMOVED | _OPERATOR_OPTIONS,
            [("queue", _quote(queue))] if queue else [],
            cst.parse_expression(f"{name}.override"),
        )
        nodes = unit.site.nodes
        head = self._nodes.code_of_call(changed, self._source.indent(call.lineno))
        passed = [nodes[option] for option in ("op_args", "op_kwargs") if option in nodes]
        arguments = ", ".join(self._passed(nodes))
        code = f"{head}({arguments})" if sends else _after(self._upstream(passed), f"{head}()")
        return code + (".operator" if self._needs_operator(call) else "")

    def _passed(self, nodes: Mapping[str, ast.expr]) -> Iterator[str]:
        """The arguments of an operator's function, as those of a call."""
        args, kwargs = nodes.get("op_args"), nodes.get("op_kwargs")
        if isinstance(args, (ast.List, ast.Tuple)):
            yield from map(self._text, args.elts)
        elif args is not None:
            yield f"*{self._text(args)}"
        names = [
            key.value
            for key in (kwargs.keys if isinstance(kwargs, ast.Dict) else ())
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.isidentifier()
        ]
        if isinstance(kwargs, ast.Dict) and len(names) == len(kwargs.keys):
            for name, value in zip(names, kwargs.values, strict=True):
                yield f"{name}={self._text(value)}"
        elif kwargs is not None:
            yield f"**{self._text(kwargs)}"

    def _decorator_above(self, function: ast.FunctionDef | ast.AsyncFunctionDef, queue: str) -> Edit:
        self._needs_task = True
        line = min([function.lineno, *(item.lineno for item in function.decorator_list)])
        indent = self._source.indent(line)
        start = self._source.line_start(line)
        code = f"{indent}@{self._task_name}.stub(queue={_quote(queue)}){self._source.newline}"
        return Edit(start, start, code)

    def _needs_operator(self, call: ast.Call) -> bool:
        """Whether an operator's XCom does not do: if the code uses more of the operator than its place in the graph."""
        parent = self._parents.get(call)
        if self._is_edge(call):
            return False
        if (
            not isinstance(parent, ast.Assign)
            or len(parent.targets) != 1
            or not isinstance(parent.targets[0], ast.Name)
        ):
            return not isinstance(parent, ast.Expr)
        name = parent.targets[0].id
        return not all(
            self._is_edge(node)
            for node in ast.walk(self._source.tree)
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        )

    def _is_edge(self, node: ast.expr) -> bool:
        parent = self._parents.get(node)
        if isinstance(parent, (ast.List, ast.Tuple, ast.Starred)):
            return self._is_edge(parent)
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, (ast.RShift, ast.LShift)):
            return True
        if isinstance(parent, ast.Call) and parent.func is not node:
            name = parent.func.attr if isinstance(parent.func, ast.Attribute) else getattr(parent.func, "id", "")
            return name in ("chain", "chain_linear", "cross_downstream", "set_downstream", "set_upstream")
        return isinstance(parent, ast.Attribute) and parent.attr in ("set_downstream", "set_upstream")

    # Functions

    def _stub(
        self, function: ast.FunctionDef | ast.AsyncFunctionDef, *, sends: bool, has_docstring: bool
    ) -> Iterator[Edit]:
        """The edits that empty a function."""
        node = self._nodes.function(function)
        parameters = _stub_parameters(node.params) if sends else cst.Parameters()
        if not parameters.deep_equals(node.params):
            yield from self._parameters(function, parameters)
        if isinstance(function, ast.AsyncFunctionDef):
            start = self._source.offset(function.lineno, function.col_offset)
            yield Edit(start, self._source.text.index("def", start), "")
        colon = self._colon(function)
        body = function.body
        _, end = self._source.span(body[-1])
        end = self._end_of_body(function, end)
        if has_docstring and ast.get_docstring(function, clean=False) is not None:
            _, start = self._source.span(body[0])
            if start < end:
                yield Edit(start, end, "")
            return
        line_end = self._source.text.find(self._source.newline, colon)
        header = self._source.text[colon:line_end] if line_end >= 0 else self._source.text[colon:]
        if "#" in header and line_end < self._source.span(body[0])[0]:
            indent = self._source.indent(body[0].lineno)
            yield Edit(line_end, end, f"{self._source.newline}{indent}...")
        else:
            yield Edit(colon, end, " ...")

    def _parameters(
        self, function: ast.FunctionDef | ast.AsyncFunctionDef, parameters: cst.Parameters
    ) -> Iterator[Edit]:
        opening, closing = self._parentheses(function)
        yield Edit(opening, closing, self._nodes.code(parameters))

    def _tokens(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, int, int]]:
        """The tokens from `def` on: text, first character and the one after the last."""
        start = self._source.offset(function.lineno, function.col_offset)
        text = self._source.text[start:]
        starts = [0]
        for line in io.StringIO(text, newline=""):
            starts.append(starts[-1] + len(line))
        reader = io.StringIO(text, newline="").readline
        try:
            for token in tokenize.generate_tokens(reader):
                first = starts[token.start[0] - 1] + token.start[1] + start
                yield token.string, first, starts[token.end[0] - 1] + token.end[1] + start
        except (tokenize.TokenError, IndentationError):  # of the lines after the function
            return

    def _parentheses(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[int, int]:
        """What is between the parentheses of a function's parameters."""
        depth, opening, has_name = 0, 0, False
        for text, first, end in self._tokens(function):
            has_name |= text == function.name
            if text in ("(", "[", "{") and has_name:
                if depth == 0 and text == "(":
                    opening = end
                depth += 1
            elif text in (")", "]", "}") and has_name:
                depth -= 1
                if depth == 0 and text == ")":
                    return opening, first
        raise AssertionError(function.name)

    def _colon(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        """The character after the colon at the end of a function's head."""
        _, closing = self._parentheses(function)
        depth = 0
        for text, first, end in self._tokens(function):
            if first <= closing:
                continue
            if text in ("(", "[", "{"):
                depth += 1
            elif text in (")", "]", "}"):
                depth -= 1
            elif text == ":" and depth == 0:
                return end
        raise AssertionError(function.name)

    def _end_of_body(self, function: ast.FunctionDef | ast.AsyncFunctionDef, end: int) -> int:
        """The end of a function, with the comments after its last statement."""
        last = function.body[-1].end_lineno or function.lineno
        if last == function.lineno:
            return end
        start, stop = self._source.line_start(last), self._source.line_start(last + 1)
        text = self._source.text
        if "#" in text[end:stop]:
            end = start + len(text[start:stop].rstrip("\r\n"))
        depth = len(self._source.indent(function.lineno).expandtabs())
        line = last + 1
        while self._source.line_start(line) < len(text):
            row = text[self._source.line_start(line) : self._source.line_start(line + 1)]
            if row.strip():
                if not row.lstrip().startswith("#") or len(self._source.indent(line).expandtabs()) <= depth:
                    break
                end = self._source.line_start(line) + len(row.rstrip("\r\n"))
            line += 1
        return end

    # The name of `task`

    def _find_task_name(self) -> str:
        names = self._interpreter.module.names
        for name, value in names.items():
            if isinstance(value, Imported) and value.name in _IMPORTS_OF_TASK and not self._is_set(name):
                return name
        return "airflow_task" if "task" in names or self._is_set("task") else "task"

    def _is_set(self, name: str) -> bool:
        """Whether the file also uses a name as a variable."""
        return any(
            (isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load))
            or (isinstance(node, ast.arg) and node.arg == name)
            for node in ast.walk(self._source.tree)
        )

    def _import(self) -> Iterator[Edit]:
        """The import of `task`, after the file's last import of Airflow at its top."""
        value: Any = self._interpreter.module.names.get(self._task_name)
        if isinstance(value, Imported) and value.name in _IMPORTS_OF_TASK:
            return
        imports = [node for node in self._source.tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        of_airflow = [
            node
            for node in imports
            if (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name or "")
            and str(node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).startswith("airflow")
        ]
        after = (of_airflow or imports)[-1]
        line = (after.end_lineno or after.lineno) + 1
        renamed = "" if self._task_name == "task" else f" as {self._task_name}"
        start = self._source.line_start(line)
        yield Edit(start, start, f"from airflow.sdk import task{renamed}{self._source.newline}")


def _sends(units: Sequence[Unit], function: ast.AST) -> bool:
    """Whether the Dag file passes arguments to a function."""
    return all(unit.sends_arguments for unit in units if unit.function is function)


def _after(upstream: Sequence[str], code: str) -> str:
    """The code of a call that runs after tasks."""
    if not upstream:
        return code
    return f"({upstream[0] if len(upstream) == 1 else '[' + ', '.join(upstream) + ']'} >> {code})"


def _names_task(expression: ast.expr) -> bool:
    while isinstance(expression, ast.Attribute):
        if expression.attr == "task":
            return True
        expression = expression.value
    return isinstance(expression, ast.Name) and expression.id not in ("setup", "teardown")


def _stub_parameters(parameters: cst.Parameters) -> cst.Parameters:
    """The parameters of a stub: Airflow 3.4 refuses `*args`, `**kwargs` and the keys of the context."""
    kinds = {
        name: [item for item in getattr(parameters, name) if item.name.value not in CONTEXT_KEYS]
        for name in ("posonly_params", "params", "kwonly_params")
    }
    changes: dict[str, object] = {**kinds, "star_kwarg": None}
    if isinstance(parameters.star_arg, cst.Param) or not kinds["kwonly_params"]:
        changes["star_arg"] = cst.ParamStar() if kinds["kwonly_params"] else cst.MaybeSentinel.DEFAULT
    if not kinds["posonly_params"]:
        changes["posonly_ind"] = cst.MaybeSentinel.DEFAULT
    changed = parameters.with_changes(**changes)
    if changed.deep_equals(parameters):
        return parameters
    last = next((name for name in ("kwonly_params", "params", "posonly_params") if kinds[name]), None)
    if last is None:
        return cst.Parameters()
    *others, end = kinds[last]
    ending = end.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_param=cst.SimpleWhitespace(""))
    return changed.with_changes(**{last: [*others, ending]})


def _quote(text: str) -> str:
    return f'"{text}"'
