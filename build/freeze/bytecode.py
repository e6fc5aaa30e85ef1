"""The bytecode of a build: compiled once, and read by all of its programs, and by later builds.

PyInstaller imports large libraries in programs of its own, the project runs beside it, and the archive holds every
module compiled. The bytecode of the environment and of the standard library stays with the environment; that of the
author's modules is in the work folder and ends with the build, so it is never that of an older state. Nothing is
written beside a source file.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.build.child_process import NO_BYTECODE

if TYPE_CHECKING:
    from dagfloe.build.python.virtualenv import Environment

_FOLDER = "bytecode"


def keep_bytecode(environment: Environment, work: Path) -> dict[str, str]:
    """Prepare the folder of a build's bytecode.

    Args:
        environment: the environment of the build. If nothing can be written to it, its bytecode ends with the build.
        work: the work folder of the build.

    Returns:
        The variables with which a Python reads and writes its bytecode there.
    """
    folder = work.absolute() / _FOLDER
    folder.mkdir(exist_ok=True)
    version = environment.interpreter.version.rpartition(".")[0]
    library = Path(environment.interpreter.base_prefix, "lib", f"python{version}")
    for name, place in (("environment", environment.root.absolute()), ("library", library.absolute())):
        kept, link = environment.root / _FOLDER / name, folder / place.relative_to(place.anchor)
        with suppress(OSError):
            kept.mkdir(parents=True, exist_ok=True)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(kept.absolute())
    # Python 3.10 writes sets to bytecode in the order of their hashes.
    return {"PYTHONPYCACHEPREFIX": str(folder), NO_BYTECODE: "", "PYTHONHASHSEED": "0"}
