"""Finds the author's modules: those of the bundle's package, and the ones beside it that they import."""

from __future__ import annotations

import ast
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagfloe.build.author.command_lines import list_command_line_modules
from dagfloe.build.author.imports import NamedImport, list_imports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from dagfloe.build.project import Project


@dataclass(frozen=True, slots=True)
class AuthorModule:
    """A module of the author's.

    Attributes:
        name: its dotted name.
        path: its file.
        source: the content of the file.
        tree: its syntax tree; None if it is not valid Python.
        imports: what it imports.
        command_lines: the modules that its command lines of Python name.
    """

    name: str
    path: Path
    source: bytes
    tree: ast.Module | None
    imports: tuple[NamedImport, ...]
    command_lines: tuple[str, ...] = ()

    @property
    def is_in_package(self) -> bool:
        """Whether it is a package or in one."""
        return "." in self.name or self.path.name == "__init__.py"


def find_modules(
    project: Project, entry_modules: Iterable[str], read_module: Callable[[Path], bytes]
) -> dict[str, AuthorModule]:
    """Find the modules of a project by name.

    Args:
        project: the project.
        entry_modules: the modules that the project's entry points name.
        read_module: returns the content of a module's file.
    """
    modules: dict[str, AuthorModule] = {}
    pending = [*project.modules, *project.hidden_imports, *entry_modules]
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _locate(project.source_root, name)
        if path is None:
            continue
        module = _parse(name, path, read_module(path))
        modules[name] = module
        parent = name.rpartition(".")[0]
        pending += [parent] if parent else []
        pending += [part for name in module.command_lines for part in (name, f"{name}.__main__")]
        for item in module.imports:
            pending += [item.module, f"{item.module}.{item.attribute}"] if item.attribute else [item.module]
    return dict(sorted(modules.items()))


def list_named_imports(modules: Iterable[AuthorModule]) -> dict[str, tuple[bool, str]]:
    """What modules import, by target: whether every import of it is optional, and the place of one that is not.

    Args:
        modules: the modules.
    """
    named: dict[str, tuple[bool, str]] = {}
    for module in modules:
        for item in module.imports:
            if item.target not in named or (named[item.target][0] and not item.is_optional):
                named[item.target] = (item.is_optional, f"{module.path.name}:{item.line}")
    return dict(sorted(named.items()))


def list_called_imports(modules: Iterable[AuthorModule]) -> list[str]:
    """The modules that modules import by a call with their names, such as `importlib.import_module("json")`.

    Args:
        modules: the modules.
    """
    return sorted({item.module for module in modules for item in module.imports if item.is_call})


def list_command_lines(modules: Iterable[AuthorModule]) -> list[str]:
    """The modules that command lines of Python in modules name, and the `__main__` that `-m` runs of a package.

    Args:
        modules: the modules.
    """
    names = {name for module in modules for name in module.command_lines}
    return sorted(names | {f"{name}.__main__" for name in names})


def _locate(source_root: Path, name: str) -> Path | None:
    """The file of a module of the author's; None for other modules."""
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    base = source_root.joinpath(*parts)
    with suppress(OSError):
        return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)
    return None


def _parse(name: str, path: Path, source: bytes) -> AuthorModule:
    tree = None
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        tree = ast.parse(source)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    imports: tuple[NamedImport, ...] = ()
    command_lines: tuple[str, ...] = ()
    with suppress(RecursionError):
        imports = () if tree is None else tuple(list_imports(tree, package))
        command_lines = () if tree is None else tuple(list_command_line_modules(tree))
    return AuthorModule(name, path, source, tree, imports, command_lines)
