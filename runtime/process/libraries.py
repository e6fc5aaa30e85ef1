"""Prepares libraries that do not expect a frozen program. Each function runs when its module is imported.

A function gets the module: `BEFORE` those before the module's code runs, and `AFTER` those after it.
"""

from __future__ import annotations

import os
import sys

from dagfloe.errors import DagfloeError
from dagfloe.runtime.process.library_caches import find_cache_folder, is_writable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def prepare(name: str, module: Any, *, is_complete: bool) -> None:
    """Prepare a module, if there is anything to do at this moment.

    Args:
        name: the module's name.
        module: the module.
        is_complete: whether its code has run.
    """
    function = (AFTER if is_complete else BEFORE).get(name)
    if function is not None:
        function(module)


def _keep_font_cache(_: Any) -> None:
    """Let matplotlib keep its list of fonts where it does so unfrozen, or in the cache folder if it cannot."""
    if "MPLCONFIGDIR" in os.environ:
        return
    home = os.path.expanduser("~")  # noqa: PTH111 - pathlib costs 5 ms to import
    for variable, default in (("XDG_CACHE_HOME", ".cache"), ("XDG_CONFIG_HOME", ".config")):
        base = os.environ.get(variable) or os.path.join(home, default)  # noqa: PTH118 - as above
        if not is_writable(os.path.join(base, "matplotlib")):  # noqa: PTH118 - as above
            _set_folder("MPLCONFIGDIR", "matplotlib")
            return


def _keep_compiled_code(_: Any) -> None:
    """Let numba keep compiled functions: unfrozen, it does so beside their source."""
    if "NUMBA_CACHE_DIR" not in os.environ:
        _set_folder("NUMBA_CACHE_DIR", "numba")


def _set_folder(variable: str, library: str) -> None:
    folder = find_cache_folder(library)
    if folder is not None:
        os.environ[variable] = folder


def _choose_spark_python(module: Any) -> None:
    """Let the workers of a local Spark run this program. On a cluster, they are on other hosts."""
    context = module.SparkContext
    initialize = context._do_init  # noqa: SLF001 - the only place where pyspark chooses the program

    def initialize_with_program(self: Any, *args: Any, **kwargs: Any) -> None:
        initialize(self, *args, **kwargs)
        if "PYSPARK_PYTHON" not in os.environ and str(self.master).startswith("local"):
            self.pythonExec = sys.executable

    context._do_init = initialize_with_program  # noqa: SLF001


def _refuse_environments(module: Any) -> None:
    """Say at once that virtual environments cannot be made: they would contain a link to this program."""

    def create(*_: Any, **__: Any) -> None:
        raise DagfloeError(
            "venv cannot make a virtual environment in a bundle file: sys.executable is the program of the bundle; "
            "add what the environment would contain to the project's dependencies, or use a Python of the host"
        )

    module.EnvBuilder.create = create


BEFORE: dict[str, Callable[[Any], None]] = {"matplotlib": _keep_font_cache, "numba": _keep_compiled_code}
AFTER: dict[str, Callable[[Any], None]] = {"pyspark.context": _choose_spark_python, "venv": _refuse_environments}
