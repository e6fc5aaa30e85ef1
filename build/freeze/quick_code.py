"""Lets PyInstaller take the code of modules from bytecode files. Runs in PyInstaller's process.

PyInstaller compiles each module for its archive, in every build. Python's own bytecode files have the same code.
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import struct
import zipfile
from contextlib import suppress
from importlib import import_module
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import CodeType

#: What follows the magic number in a bytecode file that holds as long as its source has this time and size.
_HEADER = struct.Struct("<III")
_NUMBER = 0xFFFFFFFF


def install() -> bool:
    """Replace PyInstaller's function that compiles a module.

    Returns:
        Whether it was replaced. A version of PyInstaller without this function is left alone.
    """
    api: Any = import_module("PyInstaller.building.api")
    compile_module = getattr(api, "get_code_object", None)
    if compile_module is None:
        return False

    def get_code_object(name: str, filename: str, optimize: int) -> Any:
        if optimize or not filename.endswith(".py"):
            return compile_module(name, filename, optimize)
        with suppress(OSError, ValueError, EOFError, TypeError):
            data = Path(importlib.util.cache_from_source(filename)).read_bytes()
            if data[: _HEADER.size + 4] == _header(filename):
                return marshal.loads(data[_HEADER.size + 4 :])  # noqa: S302 - this build wrote it, or an earlier one
        # As if from a file: code that was just compiled shares other objects, and would be written differently.
        return marshal.loads(marshal.dumps(SourceFileLoader(name, filename).get_code(name)))  # noqa: S302 - our own

    api.get_code_object = get_code_object
    return True


def keep(modules: Iterable[tuple[str, str, str]], codes: Mapping[str, CodeType], own: Iterable[str]) -> None:
    """Write bytecode files of what an analysis has compiled.

    Args:
        modules: name, path and kind of the modules.
        codes: the code of modules, by name.
        own: folders whose modules may change while the build runs; these are left out.
    """
    folders = tuple(f"{folder}{os.sep}" for folder in own)
    for name, path, kind in modules:
        code = codes.get(name)
        if code is None or kind != "PYMODULE" or not path.endswith(".py") or path.startswith(folders):
            continue
        with suppress(OSError):
            target = importlib.util.cache_from_source(path)
            if not Path(target).exists():
                SourceFileLoader(name, path).set_data(target, _header(path) + marshal.dumps(code))


def rewrite_library(path: str) -> None:
    """Write the archive of basic modules again, so that it does not depend on what the analysis did in its process.

    Args:
        path: the archive, whose entries are bytecode files.
    """
    with zipfile.ZipFile(path) as library:
        entries = [
            (entry, library.read(entry)) for entry in sorted(library.infolist(), key=lambda entry: entry.filename)
        ]
    size = _HEADER.size + 4
    with zipfile.ZipFile(path, "w") as library:
        for entry, data in entries:
            code = marshal.loads(data[size:])  # noqa: S302 - PyInstaller wrote it
            library.writestr(entry, data[:size] + marshal.dumps(code))


def _header(path: str) -> bytes:
    """The first bytes of the bytecode file of a source file."""
    state = Path(path).stat()
    return importlib.util.MAGIC_NUMBER + _HEADER.pack(0, int(state.st_mtime) & _NUMBER, state.st_size & _NUMBER)
