"""What a module imports by name, as far as its code shows. Runs inside PyInstaller. Pure.

Static analysis sees import statements. Many packages import their own modules in other ways: from a table of names, by
an attribute of the package, or one module for each file of a folder. Others start a file of theirs as a script. All of
them leave marks in the code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Calls that import a module by a string.
_IMPORTERS = frozenset(
    (
        *("import_module", "__import__", "load_module", "import_string", "import_object", "resolve_name"),
        *("load_object", "lazy_import", "LazyModule", "_LazyModule", "LazyLoader", "symbol_by_name"),
    )
)
#: Calls that make a package import its modules at their first use.
_LAZY_PACKAGES = frozenset(("__getattr__", "attach", "attach_stub", "_LazyModule", "lazy_import", "LazyModule"))
#: Calls that list the modules of a package.
_MODULE_LISTS = frozenset(("iter_modules", "walk_packages"))
#: Calls that list the files of a folder.
_FILE_LISTS = frozenset(("listdir", "scandir", "glob", "iglob", "rglob", "iterdir", "walk"))
_DOTTED = re.compile(r"\.*[^\W\d]\w*(?:\.[^\W\d]\w*)*(?:\.|:[\w.]+)?")
#: A string that can only be an object in a module, as in an entry point. Whatever reads it imports the module.
_OBJECT = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+:[^\W\d]\w*(?:\.[^\W\d]\w*)*")
#: Files that every package has: code that names them starts none of them.
_COMMON_SCRIPTS = frozenset(("__init__.py", "conftest.py", "setup.py"))
_MAX_NAME = 200
#: A string of C code that may be the name of a module.
_C_NAME = re.compile(rb"\0([A-Za-z_][A-Za-z0-9_.]{1,100})(?=\0)")


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """Facts about the code of a module.

    Attributes:
        strings: its strings that may be the names of modules. One that begins with dots is relative; one that ends
            with a dot begins a name.
        imports_siblings: whether it may import any module of its package.
        lists_modules: whether it lists the modules of packages.
        lists_files: whether it lists the files of the folder that it is in.
        reads_stubs: whether it reads its own type stub.
        scripts: its strings that are the names of Python files, without their folders.
        commands: its strings that may be the names of modules that its command lines run with `-m`.
    """

    strings: frozenset[str]
    imports_siblings: bool
    lists_modules: bool
    lists_files: bool
    reads_stubs: bool
    scripts: frozenset[str]
    commands: frozenset[str] = frozenset()


def scan(code: CodeType, *, is_package: bool) -> CodeFacts:
    """Look for the marks in a module's code.

    Args:
        code: the code.
        is_package: whether the module is a package.
    """
    names: set[str] = set()
    strings: set[str] = set()
    scripts: set[str] = set()
    commands: set[str] = set()
    for part in _walk(code):
        names.update(part.co_names)
        commands.update(_find_commands(part.co_consts))
        for string in _strings(part.co_consts):
            if _may_be_name(string):
                strings.add(string)
            if string.endswith(".py"):
                scripts.add(string.rpartition("/")[2])
    names.update(part.co_name for part in code.co_consts if isinstance(part, CodeType))
    is_dynamic = not names.isdisjoint(_IMPORTERS)
    is_lazy = is_package and not names.isdisjoint(_LAZY_PACKAGES)
    return CodeFacts(
        strings=frozenset(
            string for string in strings if is_dynamic or is_lazy or _OBJECT.fullmatch(string) is not None
        ),
        imports_siblings=is_dynamic or is_lazy,
        lists_modules=not names.isdisjoint(_MODULE_LISTS),
        lists_files="__file__" in names and not names.isdisjoint(_FILE_LISTS),
        reads_stubs="attach_stub" in names,
        scripts=frozenset(scripts) - _COMMON_SCRIPTS,
        commands=frozenset(commands),
    )


def scan_binary(content: bytes) -> set[str]:
    """The strings of a compiled module that may be the names of modules.

    Args:
        content: the content of its file.
    """
    return {match.decode() for match in _C_NAME.findall(content)}


def hides_names(content: bytes) -> bool:
    """Whether a compiled module keeps its strings in a form that `scan_binary` does not read.

    New versions of Cython join them and compress them. Older ones write them one by one, among them
    `__test__`, which every module has.

    Args:
        content: the content of its file.
    """
    return b"cython_runtime" in content and b"\0__test__\0" not in content


def _walk(code: CodeType) -> Iterator[CodeType]:
    pending = [code]
    while pending:
        part = pending.pop()
        yield part
        pending.extend(constant for constant in part.co_consts if isinstance(constant, CodeType))


def _strings(constants: object) -> Iterator[str]:
    if isinstance(constants, str):
        yield constants
    elif isinstance(constants, (tuple, frozenset)):
        for constant in constants:
            yield from _strings(constant)


def _find_commands(constants: tuple[object, ...]) -> Iterator[str]:
    """The strings of a function that may be names of modules, if one of its strings is the option `-m`."""
    strings = [*_strings(constants)]
    if "-m" in strings:
        yield from (string for string in strings if string.replace(".", "").isidentifier() and _may_be_name(string))


def _may_be_name(string: str) -> bool:
    return len(string) <= _MAX_NAME and _DOTTED.fullmatch(string) is not None
