"""The modules that command lines of Python in an author's module name: `[sys.executable, "-m", "json.tool"]`. Pure."""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

from dagfloe.build.author.imports import list_imports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SWITCHES = r"-[bBdEIOPqsSuvx]*"
_MODULE_OPTION, _CODE_OPTION = re.compile(f"{_SWITCHES}m"), re.compile(f"{_SWITCHES}c")
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
#: The option and the name in one string.
_OPTION_AND_NAME = re.compile(rf"(?:^|\s){_SWITCHES}m\s+({_NAME.pattern})(?=\s|$)")


def list_command_line_modules(tree: ast.AST) -> Iterator[str]:
    """Yield the modules that command lines run with `-m`, and those that the code of `-c` imports.

    Args:
        tree: the module.
    """
    nodes = [*ast.walk(tree)]
    constants = {
        target.id: _string(node.value)
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in nodes:
        if isinstance(node, (ast.List, ast.Tuple)):
            yield from _list_named(node.elts, constants)
        elif isinstance(node, ast.Call):
            yield from _list_named(node.args, constants)
        elif isinstance(node, ast.JoinedStr) and "executable" in map(_last_name, node.values):
            yield from _OPTION_AND_NAME.findall("".join(map(_string, node.values)))
        elif _string(node).startswith("-"):
            yield from _OPTION_AND_NAME.findall(_string(node))


def _list_named(arguments: list[ast.expr], constants: Mapping[str, str]) -> Iterator[str]:
    for option, argument in pairwise(arguments):
        value = constants.get(argument.id, "") if isinstance(argument, ast.Name) else _string(argument)
        if _MODULE_OPTION.fullmatch(_string(option)) and _NAME.fullmatch(value):
            yield value
        elif _CODE_OPTION.fullmatch(_string(option)):
            with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                for named in list_imports(ast.parse(value), ""):
                    yield from filter(None, (named.module, named.attribute and f"{named.module}.{named.attribute}"))


def _string(node: ast.AST) -> str:
    """The string that an expression is; empty for other expressions."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _last_name(node: ast.expr) -> str:
    """The last part of a name that is filled in, such as `sys.executable`."""
    value = node.value if isinstance(node, ast.FormattedValue) else node
    return value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
