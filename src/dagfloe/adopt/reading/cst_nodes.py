"""The LibCST nodes of a Dag file, by their positions in Python's syntax tree. LibCST keeps comments and formatting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from dagfloe.adopt.reading.source import SourceError

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from dagfloe.adopt.reading.source import SourceFile


class CstNodes:
    """Finds LibCST's nodes, and writes them as code.

    Args:
        source: the Dag file.

    Raises:
        SourceError: if LibCST does not accept the file.
    """

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        try:
            wrapper = MetadataWrapper(cst.parse_module(source.text), unsafe_skip_copy=True)
        except (cst.ParserSyntaxError, cst.CSTLogicError, RecursionError) as error:
            raise SourceError(f"{source.name} cannot be read: {error}") from error
        self.module = wrapper.module
        self._functions: dict[int, cst.FunctionDef] = {}
        self._calls: dict[tuple[int, int], cst.Call] = {}
        positions = wrapper.resolve(PositionProvider)
        for node, position in positions.items():
            if isinstance(node, cst.FunctionDef):
                self._functions[positions[node.name].start.line] = node
            elif isinstance(node, cst.Call):
                start = source.line_start(position.start.line) + position.start.column
                end = source.line_start(position.end.line) + position.end.column
                self._calls[start, end] = node

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> cst.FunctionDef:
        """The definition of a function."""
        return self._functions[node.lineno]

    def call(self, node: ast.Call) -> cst.Call:
        """A call."""
        return self._calls[self._source.span(node)]

    def code(self, node: cst.CSTNode) -> str:
        """The code of a node, with the line ends of the file."""
        return self.module.code_for_node(node)

    def code_of_call(self, node: cst.Call, indent: str) -> str:
        """The code of a call as it is in a line.

        Args:
            node: the call.
            indent: the white space at the beginning of the line.
        """
        if not indent:
            return self.code(node)
        line = cst.SimpleStatementLine([cst.Expr(node)])
        block = cst.If(cst.Name("x"), cst.IndentedBlock([line], indent=indent))
        return self.code(block).split(indent, 1)[1].rstrip("\r\n")

    def standalone(self, node: cst.FunctionDef, decorators: Sequence[cst.Decorator]) -> str:
        """The code of a function at the beginning of a line, word for word, with other decorators."""
        moved = node.with_changes(decorators=decorators, leading_lines=(), lines_after_decorators=())
        return self.code(moved).strip("\r\n").replace("\r\n", "\n").replace("\r", "\n")


def without_arguments(
    call: cst.Call, removed: frozenset[str], added: Sequence[tuple[str, str]], func: cst.BaseExpression | None = None
) -> cst.Call:
    """A call without some of its arguments by name, and with others at its end; the rest keeps its formatting.

    Args:
        call: the call.
        removed: the names of the arguments to remove.
        added: names and code of the arguments to add.
        func: what is called instead; None for the same.
    """
    kept = [argument for argument in call.args if argument.keyword is None or argument.keyword.value not in removed]
    last = call.args[-1] if call.args else None
    is_split = isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace)
    between: cst.Comma | None = None
    if is_split and isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace):
        # An argument a line, if that is how the arguments are written.
        firsts = [argument.comma for argument in call.args[:-1] if isinstance(argument.comma, cst.Comma)]
        is_one_a_line = all(isinstance(comma.whitespace_after, cst.ParenthesizedWhitespace) for comma in firsts)
        space: cst.BaseParenthesizableWhitespace = (
            call.whitespace_before_args.with_changes(first_line=cst.TrailingWhitespace())
            if is_one_a_line
            else cst.SimpleWhitespace(" ")
        )
        between = cst.Comma(whitespace_after=space)
    else:
        between = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    new = [
        cst.Arg(
            value=cst.parse_expression(code),
            keyword=cst.Name(name),
            equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
        )
        for name, code in added
    ]
    arguments: list[cst.Arg] = []
    for argument in [*kept, *new]:
        if arguments and (arguments[-1] is last or not isinstance(arguments[-1].comma, cst.Comma)):
            arguments[-1] = arguments[-1].with_changes(comma=between)
        arguments.append(argument)
    ending = last.comma if last is not None else cst.MaybeSentinel.DEFAULT
    if arguments:
        if isinstance(ending, cst.Comma):
            arguments[-1] = arguments[-1].with_changes(comma=ending, whitespace_after_arg=cst.SimpleWhitespace(""))
        else:
            after = last.whitespace_after_arg if last is not None else cst.SimpleWhitespace("")
            arguments[-1] = arguments[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=after)
    changes: dict[str, object] = {"args": arguments}
    if func is not None:
        changes["func"] = func
    return call.with_changes(**changes)
