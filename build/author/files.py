"""Finds the data files of the author's code.

Every file in one of the author's packages belongs to the program, as in a wheel of the project, except what the
project's build backend leaves out. Beside a module that is in no package lies the whole project, so only the files and
folders that a string in the module names belong to the program.
"""

from __future__ import annotations

import ast
import os
import re
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.build.pyproject import read_pyproject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dagfloe.build.author.modules import AuthorModule
    from dagfloe.build.project import Project
    from dagfloe.build.pyproject import Table

#: Larger data needs an entry in `data`, because every host unpacks it.
MAX_DATA_BYTES = 200_000_000
_COMPILED = (".pyc", ".pyo")
_IGNORED_FOLDERS = ("__pycache__", "node_modules", "*.egg-info", "*.dist-info")
#: What a module contains that looks up files beside itself.
_LOOKUP_MARKS = (b"__file__", b"resources", b"pkgutil", b"__spec__", b"__loader__", b"inspect")
#: Calls whose strings are keys or messages, and not names of files.
_KEY_CALLS = frozenset(
    {"debug", "error", "exception", "get", "getLogger", "info", "pop", "print", "setdefault", "warning"}
)
#: A part of a string that is filled in at run time.
_PLACEHOLDER = re.compile(r"%[sd]|\{[^{}]*\}")
_MAX_PATTERN = 200


def find_data_files(project: Project, modules: Mapping[str, AuthorModule]) -> tuple[Path, ...]:
    """Find the files of the author's code that are not modules.

    Args:
        project: the project.
        modules: its modules by name.

    Raises:
        PackError: if they are too large.
    """
    root = project.source_root
    document = read_pyproject(project.root)
    excluded = [*_backend_excludes(document)]
    code = {module.path for module in modules.values()}
    files: set[Path] = set()
    for top in sorted({name.partition(".")[0] for name, module in modules.items() if module.is_in_package}):
        files.update(_walk(root / top))
    for module in modules.values():
        if not module.is_in_package:
            files.update(_named_files(module))
    found = sorted(path for path in files - code if not _is_excluded(path, project, excluded))
    _check_size(found, project, document)
    return tuple(found)


def _walk(folder: Path) -> Iterator[Path]:
    for name, subfolders, names in os.walk(folder):
        subfolders[:] = sorted(subfolder for subfolder in subfolders if _is_taken(Path(name, subfolder)))
        for file in sorted(names):
            if not file.startswith(".") and not file.endswith(_COMPILED) and Path(name, file).is_file():
                yield Path(name, file)


def _is_taken(folder: Path) -> bool:
    name = folder.name
    is_ignored = name.startswith(".") or any(fnmatch(name, pattern) for pattern in _IGNORED_FOLDERS)
    return not is_ignored and not (folder / "pyvenv.cfg").exists()


def _named_files(module: AuthorModule) -> Iterator[Path]:
    """The files beside a module that a string in the module names, as a file, a folder or a pattern."""
    if module.tree is None or not any(mark in module.source for mark in _LOOKUP_MARKS):
        return
    folder = module.path.parent
    patterns = {pattern for text in _list_strings(module.tree) if (pattern := _to_pattern(text))}
    for pattern in sorted(patterns):
        # Any string of the module is tried, and `glob` raises one of these for a string that cannot be a pattern.
        with suppress(OSError, ValueError, IndexError, NotImplementedError):
            for path in sorted(folder.glob(pattern)):
                relative = path.relative_to(folder)
                if not all(_is_taken(folder / part) for part in (*relative.parents, relative) if part.name):
                    continue
                if path.is_dir() and not (path / "__init__.py").exists():
                    yield from _walk(path)
                elif path.is_file() and path.suffix not in (*_COMPILED, ".py"):
                    yield path


def _to_pattern(text: str) -> str:
    """The pattern of the paths that a string may name; empty if it names none."""
    pattern = _PLACEHOLDER.sub("*", text) if len(text) <= _MAX_PATTERN else ""
    pattern = pattern.removeprefix("*/").strip("/")  # a folder that is filled in is most probably that of the module
    if "\n" in pattern or "\0" in pattern or ".." in pattern.split("/") or text.startswith("/"):
        return ""
    return pattern if any(character.isalnum() for character in pattern) else ""


def _list_strings(node: ast.AST) -> Iterator[str]:
    """The strings of a module that may be names of files: not keys, not docstrings and nothing that is compared."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
        return
    if isinstance(node, ast.JoinedStr):
        yield "".join(
            part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "{}"
            for part in node.values
        )
        return
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.Dict):
        children = node.values
    elif isinstance(node, ast.Subscript):
        children = [node.value]
    elif isinstance(node, ast.Compare) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        children = []
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _KEY_CALLS:
        children = [node.func]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _KEY_CALLS:
        children = []
    for child in children:
        yield from _list_strings(child)


def _backend_excludes(document: Table) -> Iterator[str]:
    """The patterns of files that the project's build backend leaves out of a wheel."""
    tool = document.value("tool", {})
    for keys in (
        ("hatch", "build", "exclude"),
        ("hatch", "build", "targets", "wheel", "exclude"),
        ("poetry", "exclude"),
        ("pdm", "build", "excludes"),
        ("uv", "build-backend", "wheel-exclude"),
    ):
        yield from _strings(_value(tool, keys))
    by_package = _value(tool, ("setuptools", "exclude-package-data"))
    for package, patterns in by_package.items() if isinstance(by_package, dict) else ():
        folder = "" if package == "*" else f"{package.replace('.', '/')}/"
        yield from (f"{folder}{pattern}" for pattern in _strings(patterns))


def _value(tool: Any, keys: Iterable[str]) -> Any:
    for key in keys:
        tool = tool.get(key) if isinstance(tool, dict) else None
    return tool


def _strings(value: Any) -> list[str]:
    items = value if isinstance(value, list) else []
    return [str(item.get("path", "")) if isinstance(item, dict) else str(item) for item in items]


def _is_excluded(path: Path, project: Project, patterns: Iterable[str]) -> bool:
    module = ".".join(path.relative_to(project.source_root).with_suffix("").parts)
    if path.suffix == ".py" and any(fnmatch(module, name) or fnmatch(module, f"{name}.*") for name in project.exclude):
        return True
    names = [path.relative_to(base).as_posix() for base in {project.root, project.source_root}]
    return any(_matches(name, pattern) for name in names for pattern in patterns)


def _matches(name: str, pattern: str) -> bool:
    """Whether a backend's pattern matches a file or a folder above it."""
    anchored = pattern.strip("/").replace("**/", "*/").removeprefix("*/")
    parts = name.split("/")
    candidates = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    is_anchored = "/" in pattern.strip("/") and not pattern.startswith("**/")
    tails = [*parts, *("/".join(parts[start:]) for start in range(len(parts)))]
    return bool(anchored) and any(
        fnmatch(part, anchored) for part in (candidates if is_anchored else candidates + tails)
    )


def _check_size(files: Iterable[Path], project: Project, document: Table) -> None:
    sizes: dict[Path, int] = {}
    for path in files:
        if not any(
            path == source or path.is_relative_to(source) or path.match(str(source)) for source, _ in project.data
        ):
            with suppress(OSError):
                sizes[path] = path.stat().st_size
    if sum(sizes.values()) <= MAX_DATA_BYTES:
        return
    largest = max(sizes, key=lambda path: sizes[path])
    relative = largest.relative_to(project.root).as_posix()
    place = largest.relative_to(project.source_root).parent.as_posix()
    raise document.error(
        f"the data files of the author's code have {sum(sizes.values()) / 1e6:,.0f} MB, and more than "
        f"{MAX_DATA_BYTES / 1e6:,.0f} MB need a decision, because every worker unpacks them. The largest is "
        f'{relative}: move it out of the code, or write it into [tool.dagfloe]\n    data = ["{relative}:{place}"]'
    )
