"""What a module imports: at its top and in its functions. Pure.

Imports in a block `if TYPE_CHECKING:` do not count, because only type checkers read them.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: An import is optional if its block catches one of these.
_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_IMPORT_FUNCTIONS = frozenset({"import_module", "__import__"})


@dataclass(frozen=True, slots=True)
class NamedImport:
    """An import that a module names.

    Attributes:
        module: the dotted name of the imported module.
        attribute: the name that is taken from it, which may be a submodule; empty for none.
        is_optional: whether the code expects that the import may fail, or runs it only on a condition.
        is_call: whether it is a call with the module's name, which PyInstaller does not see.
        line: the line of the import.
    """

    module: str
    attribute: str
    is_optional: bool
    line: int
    is_call: bool = False

    @property
    def target(self) -> str:
        """The import as the self-check takes it: `module`, or `module:attribute`."""
        return f"{self.module}:{self.attribute}" if self.attribute else self.module


def list_imports(tree: ast.AST, package: str) -> Iterator[NamedImport]:
    """Yield the imports of a module.

    Args:
        tree: the module.
        package: the package that relative imports start from; empty for a module in no package.
    """
    yield from _visit(tree, package, is_optional=False)


def _visit(node: ast.AST, package: str, *, is_optional: bool) -> Iterator[NamedImport]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield NamedImport(alias.name, "", is_optional, node.lineno)
    elif isinstance(node, ast.ImportFrom):
        module = _resolve("." * node.level + (node.module or ""), package)
        for alias in node.names if module else ():
            yield NamedImport(module, alias.name.replace("*", ""), is_optional, node.lineno)
    elif isinstance(node, ast.Call) and (name := _imported_by(node, package)):
        yield NamedImport(name, "", is_optional, node.lineno, is_call=True)
    is_conditional = isinstance(node, (ast.If, ast.While, ast.Match)) or _catches_import_error(node)
    skipped: list[ast.stmt] = []
    if isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING":
        skipped = node.body
    for child in ast.iter_child_nodes(node):
        if child not in skipped:
            yield from _visit(child, package, is_optional=is_optional or is_conditional)


def _imported_by(call: ast.Call, package: str) -> str:
    """The module that a call of `importlib.import_module` or `__import__` names; empty if it names none."""
    if _name(call.func) not in _IMPORT_FUNCTIONS or not call.args:
        return ""
    name = call.args[0]
    if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
        return ""
    if not name.value.startswith("."):
        return name.value
    anchors = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "package")]
    anchor = anchors[0] if anchors else None
    if isinstance(anchor, ast.Constant) and isinstance(anchor.value, str):
        return _resolve(name.value, anchor.value)
    return _resolve(name.value, package) if anchor is not None and _name(anchor) == "__package__" else ""


def _resolve(name: str, package: str) -> str:
    """The absolute name of a module; empty if a relative name leaves the package."""
    relative = name.lstrip(".")
    level = len(name) - len(relative)
    if not level:
        return name
    parts = package.split(".") if package else []
    if level > len(parts):
        return ""
    return ".".join([*parts[: len(parts) - level + 1], *filter(None, [relative])])


def _catches_import_error(node: ast.AST) -> bool:
    if isinstance(node, ast.With):
        calls = (item.context_expr for item in node.items)
        return any(
            isinstance(call, ast.Call) and _name(call.func) == "suppress" and _CAUGHT & set(map(_name, call.args))
            for call in calls
        )
    return isinstance(node, ast.Try) and any(
        handler.type is None or _CAUGHT & {_name(part) for part in _parts(handler.type)} for handler in node.handlers
    )


def _parts(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _name(node: ast.expr) -> str:
    """The last part of a name such as `typing.TYPE_CHECKING`; empty for other expressions."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
