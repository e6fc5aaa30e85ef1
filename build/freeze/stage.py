"""Stages what is frozen with the author's code: dagfloe's runtime modules, the entry script, the project's metadata."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import dagfloe
from dagfloe.build.author.distribution import write_distribution
from dagfloe.build.launcher import find_launcher
from dagfloe.runtime.process.unpacked_folders import LAUNCHER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagfloe.build.project import Project
    from dagfloe.build.python.interpreter import Interpreter

#: The modules that go into every bundle file, as patterns relative to the package. `PARSING_MODULES` go into some, too.
FROZEN_MODULES = (
    "__init__.py",
    "_version.py",
    "call_errors.py",
    "cancellation.py",
    "constants.py",
    "coroutines.py",
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
#: The modules that go into a bundle file that makes its native Dags at each parse, in addition.
PARSING_MODULES = (
    "format/__init__.py",
    "format/declarations.py",
    "format/errors.py",
    "format/param_schema.py",
    "native/*.py",
    "native/rules/*.py",
)
#: The modules that go into a bundle file with Airflow's names, in addition. Those of the package `airflow` are beside
#: the others: see `names_folder`.
NAMES_MODULES = ("compat/*.py", "compat/objects/*.py", "compat/names/airflow/*.py", "compat/names/airflow/**/*.py")
_INSTALL_NAMES = """from dagfloe.compat.install import install

install()  # here, so that every process of the program has the names before it imports the author's modules
"""
_ENTRY = '''"""The entry of the bundle {name}, written by dagfloe {version}."""

import gc

gc.disable()  # these imports leave no garbage, and collecting takes 1 ms

{install_names}from dagfloe.cli.frozen.main import main
from dagfloe.runtime.config import BundleConfig
{imports}
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
                serialize_dags={serialize_dags},
            )
        )
    )
'''


def list_staged(patterns: Iterable[str] = FROZEN_MODULES) -> list[Path]:
    """The modules of dagfloe that go into a bundle file; by default those that go into every one.

    Args:
        patterns: their patterns.
    """
    package = Path(dagfloe.__file__).parent
    return sorted({path for pattern in patterns for path in package.glob(pattern)})


def names_folder(folder: Path) -> Path:
    """The folder of the package `airflow` of a project with `airflow-names`.

    Args:
        folder: the folder into which the project was staged.
    """
    return folder / "dagfloe" / "compat" / "names"


def stage(project: Project, interpreter: Interpreter, folder: Path) -> Path:
    """Write dagfloe's runtime modules, the entry script and the project's metadata into a new folder.

    Args:
        project: the project whose bundle the script runs.
        interpreter: the Python that runs the script.
        folder: the folder; it goes on the module path.

    Returns:
        The entry script.

    Raises:
        PackError: if the entry points of the project are wrong.
    """
    package = Path(dagfloe.__file__).parent
    parses = project.makes_dags_at_parse
    patterns = FROZEN_MODULES + (PARSING_MODULES if parses else ()) + (NAMES_MODULES if project.airflow_names else ())
    for path in list_staged(patterns):
        destination = folder / "dagfloe" / path.relative_to(package)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, destination)
    launcher = find_launcher()
    if launcher is not None:
        (folder / LAUNCHER).write_bytes(launcher)
        (folder / LAUNCHER).chmod(0o755)
    write_distribution(project, folder)
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
            install_names=_INSTALL_NAMES if project.airflow_names else "",
            imports="from dagfloe.native.bundle import serialize_now\n" if parses else "",
            serialize_dags="serialize_now" if parses else None,
        )
    )
    return entry
