"""Finds what an author's module expects of the machine that it was written on: paths, and shared libraries. Pure."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Calls that load a shared library by its name, and the one that looks for it.
_LOADERS = frozenset({"CDLL", "PyDLL", "LoadLibrary", "dlopen"})
_FINDER = "find_library"
#: Calls whose value is the current folder.
_CURRENT_FOLDER = frozenset({"cwd", "getcwd", "getcwdb"})
_READ_MODES = frozenset({"r", "rb", "rt"})


@dataclass(frozen=True, slots=True)
class HostPlace:
    """Something on a host that a module names.

    Attributes:
        kind: `path` for an absolute path, `relative` for one that starts at the current folder, `library` for the name
            of a shared library, `lookup` for the name that `find_library` gets.
        name: the path or the name.
        line: the line.
    """

    kind: str
    name: str
    line: int


def list_host_places(tree: ast.AST) -> Iterator[HostPlace]:
    """Yield what a module expects of its host.

    Args:
        tree: the module.
    """
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and node.value.startswith("/") and id(node) not in docstrings:
                yield HostPlace("path", node.value, node.lineno)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            if _is_current_folder(node.left) and _string(node.right):
                yield HostPlace("relative", _string(node.right), node.lineno)
        elif isinstance(node, ast.Call):
            yield from _list_in_call(node)


def _list_in_call(call: ast.Call) -> Iterator[HostPlace]:
    name = _last_name(call.func)
    first = _string(call.args[0]) if call.args else ""
    if name in ("join", "joinpath"):
        parts = [
            *([call.func.value] if name == "joinpath" and isinstance(call.func, ast.Attribute) else []),
            *call.args,
        ]
        rest = [_string(part) for part in parts[1:]]
        if len(parts) > 1 and _is_current_folder(parts[0]) and all(rest):
            yield HostPlace("relative", "/".join(rest), call.lineno)
    elif name == "open" or name.startswith("read_"):
        mode = _string(call.args[1]) if name == "open" and len(call.args) > 1 else "r"
        modes = [_string(keyword.value) for keyword in call.keywords if keyword.arg == "mode"]
        if first and not first.startswith("/") and {mode, *modes} <= _READ_MODES:
            yield HostPlace("relative", first, call.lineno)
    elif first and "/" not in first and name in _LOADERS:
        yield HostPlace("library", first, call.lineno)
    elif first and name == _FINDER:
        yield HostPlace("lookup", first, call.lineno)


def _is_current_folder(node: ast.expr) -> bool:
    """Whether an expression is the current folder, or `Path` of it."""
    if not isinstance(node, ast.Call):
        return False
    return _last_name(node.func) in _CURRENT_FOLDER or any(map(_is_current_folder, node.args[:1]))


def _string(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
