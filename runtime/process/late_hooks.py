"""Runs some of PyInstaller's run-time hooks when the module that they prepare is imported, not at every start.

The build keeps these hooks as modules, and leaves them out of the start: see `dagfloe.build.freeze.spec`. The runtime's
own hooks, for libraries that do not expect a frozen program, are in `dagfloe.runtime.process.libraries`.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

#: The modules with hooks, and the hook that runs after the module's import.
HOOKS = {
    "inspect": "pyi_rth_inspect",
    "multiprocessing": "pyi_rth_multiprocessing",
    "pkgutil": "pyi_rth_pkgutil",
}
#: PyInstaller's hooks that run nowhere: the runtime prepares the module in another way.
REPLACED = ("pyi_rth_mplconfig",)
#: The modules that `dagfloe.runtime.process.libraries` prepares.
LIBRARIES = ("matplotlib", "numba", "pyspark.context", "venv")


class LateHooks:
    """A meta path finder that runs a module's hook right after the module. The other finders still find the module."""

    def __init__(self) -> None:
        self._pending = {**dict.fromkeys(LIBRARIES, ""), **HOOKS}

    def install(self) -> None:
        """Watch imports from now on, and run the hooks of modules that are already imported."""
        for name in HOOKS:
            if name in sys.modules:
                _run(self._pending.pop(name))
        sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module with a hook, with a loader that also runs the hook; None for every other module."""
        hook = self._pending.pop(name, None)
        if hook is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Loader(name, spec.loader, hook)  # type: ignore[assignment]
                return spec
        return None


class _Loader:
    """A loader that runs a hook after its module, or prepares a library."""

    def __init__(self, name: str, loader: Any, hook: str) -> None:
        self._name = name
        self._loader = loader
        self._hook = hook

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        # Code that looks at the module later should see the loader that it has without the hook.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        if self._hook:
            self._loader.exec_module(module)
            _run(self._hook)
            return
        from dagfloe.runtime.process.libraries import prepare  # noqa: PLC0415 - few tasks import such a library

        prepare(self._name, module, is_complete=False)
        self._loader.exec_module(module)
        prepare(self._name, module, is_complete=True)


def _run(hook: str) -> None:
    try:
        __import__(hook)
    except ModuleNotFoundError as error:
        if error.name != hook:  # PyInstaller leaves a hook out if nothing in the bundle imports its module
            raise
