"""Records what imports use: modules, files and shared libraries. The build compares two such records."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Events of Python's audit hooks whose first argument is a path.
_READS = frozenset({"open", "os.listdir", "os.scandir"})
_CODE = (".py", ".pyc")


class ImportTrace:
    """A record of what this process uses from now on. It cannot be switched off again."""

    def __init__(self) -> None:
        self._paths: dict[str, str] = {}
        self._libraries: dict[str, None] = {}
        sys.addaudithook(self._hear)

    def report(self) -> dict[str, Any]:
        """What was used so far.

        Returns:
            `loaded`: the modules that have a file. `origins`: the files of those that Python found on the module path.
            `read`: for each file or folder that was read its path, its path relative to the entry of `sys.path` in
            which it lies, and whether the program named it relative to the current folder. `libraries`: the names of
            the shared libraries that `ctypes` loaded. `folder`: the folder of a frozen program; None for others.
        """
        roots = sorted({os.path.abspath(path) for path in sys.path if path}, key=len, reverse=True)  # noqa: PTH100 - as in all code that is frozen
        loaded = _list_loaded()
        read = []
        for path, given in sorted(self._paths.items()):
            root = next((root for root in roots if path.startswith(root + os.sep)), "")
            relative = path[len(root) + 1 :] if root else ""
            read.append([path, relative, not os.path.isabs(given)])  # noqa: PTH117 - as above
        return {
            "folder": getattr(sys, "_MEIPASS", None),
            "libraries": sorted(self._libraries),
            "loaded": sorted(loaded),
            "origins": {name: path for name, path in loaded.items() if path},
            "read": read,
        }

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        try:
            if event == "ctypes.dlopen":
                self._libraries[os.fsdecode(arguments[0])] = None
            elif event in _READS:
                given = os.fsdecode(arguments[0])
                is_written = event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
                if not given.endswith(_CODE) and not is_written:
                    self._paths.setdefault(os.path.abspath(given), given)  # noqa: PTH100 - as above
        except Exception:  # noqa: BLE001, S110 - it is a descriptor, or no path at all; the program must not notice
            pass


def _list_loaded() -> dict[str, str]:
    """The imported modules that have a file of their own, and the files; empty for a file with an unknown place."""
    files = {}
    for name, module in [*sys.modules.items()]:
        spec = vars(module).get("__spec__") if hasattr(module, "__dict__") else None
        if getattr(spec, "has_location", False) and getattr(spec, "name", None) == name:
            origin = getattr(spec, "origin", None)
            files[name] = origin if isinstance(origin, str) else ""
    return files
