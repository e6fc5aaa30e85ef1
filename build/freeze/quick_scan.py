"""Lets PyInstaller's analysis skip the code in which it finds nothing. Runs in PyInstaller's process.

PyInstaller decodes every instruction of every module to find a few kinds, which takes a third of an analysis. Most
functions have none of these kinds, which their opcodes alone show. It also visits every part of every expression to
find imports, which only stand among statements.
"""

from __future__ import annotations

import ast
import dis
import types
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The kinds of instructions that PyInstaller looks for, and those that it looks at if they come before one of them.
_NAMES = {"STORE_NAME", "STORE_GLOBAL", "DELETE_NAME", "DELETE_GLOBAL"}
_IMPORT = "IMPORT_NAME"
_BEFORE = {"LOAD_CONST", "LOAD_CONST_IMMORTAL", "LOAD_SMALL_INT", "LOAD_COMMON_CONSTANT"}
#: The parts of a syntax tree's node that hold statements.
_STATEMENTS = {"body", "handlers", "orelse", "finalbody", "cases"}


class _Instruction(NamedTuple):
    """As much of a `dis.Instruction` as PyInstaller reads."""

    opname: str
    argval: str


def install() -> bool:
    """Replace PyInstaller's generator of instructions, and how it goes through statements.

    Returns:
        Whether they were replaced. A version of PyInstaller that looks for other kinds is left alone.
    """
    try:
        modulegraph: Any = import_module("PyInstaller.lib.modulegraph.modulegraph")
        util: Any = import_module("PyInstaller.lib.modulegraph.util")
        scan = modulegraph.ModuleGraph._scan_bytecode  # noqa: SLF001 - no other place sees them
        sought = set(_strings(scan.__code__.co_consts)) & set(dis.opmap) - _BEFORE
        decode = util.iterate_instructions
    except (ImportError, AttributeError):
        return False
    if sought != _NAMES | {_IMPORT}:
        return False
    names = {dis.opmap[name]: name for name in _NAMES}

    def scan_bytecode(graph: Any, module: Any, module_code_object: types.CodeType, is_scanning_imports: bool) -> Any:
        # PyInstaller reads imports in the source, if it has it, and skips the instructions.
        util.iterate_instructions = decode if is_scanning_imports else iterate
        return scan(graph, module, module_code_object, is_scanning_imports)

    def iterate(code: types.CodeType) -> Iterator[_Instruction | None]:
        instructions = code.co_code
        if not names.keys().isdisjoint(instructions[::2]):
            extended = 0
            for position in range(0, len(instructions), 2):
                opcode, argument = instructions[position], instructions[position + 1] | extended
                extended = argument << 8 if opcode == dis.EXTENDED_ARG else 0
                if opcode in names:
                    yield _Instruction(names[opcode], code.co_names[argument])
        yield None
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                yield from iterate(constant)

    modulegraph.ModuleGraph._scan_bytecode = scan_bytecode  # noqa: SLF001
    _skip_expressions(modulegraph)
    return True


def _skip_expressions(modulegraph: Any) -> None:
    visitor: Any = getattr(modulegraph, "_Visitor", ast.NodeVisitor)
    if visitor is not ast.NodeVisitor and visitor.generic_visit is ast.NodeVisitor.generic_visit:
        visitor.generic_visit = _visit_statements


def _visit_statements(visitor: ast.NodeVisitor, node: ast.AST) -> None:
    for name in node._fields:
        if name in _STATEMENTS:
            statements = getattr(node, name)
            if isinstance(statements, list):  # a lambda's body is an expression
                for statement in statements:
                    visitor.visit(statement)


def _strings(constants: tuple[object, ...]) -> Iterator[str]:
    for constant in constants:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, (tuple, frozenset)):
            yield from _strings(tuple(constant))
