"""The bundle that `dagfloe.testing._process.child` serves. Importing this imports the author's module."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

from dagfloe.errors import BundleError
from dagfloe.testing._memory.run import OneDag
from dagfloe.testing._process.run import find_task


def load(name: str, file: str) -> ModuleType:
    """Import a file under the name that it has in the test's process, where no search path may lead to it.

    Args:
        name: the module's name.
        file: its file.
    """
    parts = name.split(".")
    for count in range(1, len(parts)):
        package = ".".join(parts[:count])
        try:
            import_module(package)
        except ModuleNotFoundError:
            sys.modules[package] = stand_in = ModuleType(package)
            stand_in.__path__ = []
    if name in sys.modules:  # its package has imported it
        return sys.modules[name]
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise BundleError(f"{file} is no Python module")
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_told = json.loads(sys.argv[1])
_task = find_task(list(vars(load(_told["module"], _told["file"])).values()), _told["dag_id"], _told["task_id"])
if _task is None:
    raise BundleError(f"{_told['file']} has no task {_told['task_id']!r} when it is imported by another process")
bundle = OneDag(_task.dag)
