"""The bundle that `dagfloe.testing._process.child` serves. Importing this imports the author's module."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

from dagfloe.errors import BundleError
from dagfloe.testing._process.run import find_task
from dagfloe.testing._single_dag_bundle import SingleDagBundle


def load_module(name: str, file: str) -> ModuleType:
    """Import a file under the name that it has in the test's process, even if it is on no search path.

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
            sys.modules[package] = package_module = ModuleType(package)
            package_module.__path__ = []
    if name in sys.modules:  # its package has imported it
        return sys.modules[name]
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise BundleError(f"{file} is not a Python module")
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_source = json.loads(sys.argv[1])
_module = load_module(_source["module"], _source["file"])
_task = find_task(list(vars(_module).values()), _source["dag_id"], _source["task_id"])
if _task is None:
    raise BundleError(f"{_source['file']} has no task {_source['task_id']!r} when it is imported by another process")
bundle = SingleDagBundle(_task.dag)
