"""Stages the code that is frozen with the author's code: dagfloe's runtime modules and the entry script."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import dagfloe
from dagfloe.build.launcher import find_launcher
from dagfloe.runtime.process.unpacked_folders import LAUNCHER

if TYPE_CHECKING:
    from dagfloe.build.project import Project
    from dagfloe.build.python.interpreter import Interpreter

#: The modules that go into every bundle file, as patterns relative to the package. There is no other list of them.
FROZEN_MODULES = (
    "__init__.py",
    "_version.py",
    "call_errors.py",
    "cancellation.py",
    "constants.py",
    "errors.py",
    "masking.py",
    "authoring/*.py",
    "authoring/*/*.py",
    "client/*.py",
    "model/*.py",
    "values/*.py",
    "runtime/*.py",
    "runtime/*/*.py",
    "cli/__init__.py",
    "cli/frozen/*.py",
)
_ENTRY = '''"""The entry of the bundle {name}, written by dagfloe {version}."""

import gc

gc.disable()  # these imports leave no garbage, and collecting takes 1 ms

from dagfloe.cli.frozen.main import main
from dagfloe.runtime.config import BundleConfig

gc.enable()

if __name__ == "__main__":
    raise SystemExit(
        main(
            BundleConfig(
                target={target!r},
                name={name!r},
                version={bundle_version!r},
                source={source!r},
                modules={modules!r},
                schema_version={schema_version!r},
                tls_paths={tls_paths!r},
                native_dags={native_dags!r},
            )
        )
    )
'''


def list_staged() -> list[Path]:
    """The modules of dagfloe that go into every bundle file."""
    package = Path(dagfloe.__file__).parent
    return sorted(path for pattern in FROZEN_MODULES for path in package.glob(pattern))


def stage(project: Project, interpreter: Interpreter, folder: Path) -> Path:
    """Write dagfloe's runtime modules and the entry script into a new folder.

    Args:
        project: the project whose bundle the script runs.
        interpreter: the Python that runs the script.
        folder: the folder; it goes on the module path.

    Returns:
        The entry script.
    """
    package = Path(dagfloe.__file__).parent
    for path in list_staged():
        destination = folder / "dagfloe" / path.relative_to(package)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, destination)
    launcher = find_launcher()
    if launcher is not None:
        (folder / LAUNCHER).write_bytes(launcher)
        (folder / LAUNCHER).chmod(0o755)
    entry = folder / "dagfloe_entry.py"
    entry.write_text(
        _ENTRY.format(
            name=project.name,
            version=dagfloe.__version__,
            bundle_version=project.version,
            target=project.target,
            source=project.source_file.name,
            modules=project.modules,
            schema_version=project.schema_version,
            tls_paths=interpreter.tls_paths,
            native_dags=project.native_dags,
        )
    )
    return entry
