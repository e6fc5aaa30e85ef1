"""Freezes a project with PyInstaller alone: one file, its default settings, and only the modules that it needs.

`python -m benchmarks.stock bundles/weather --output FOLDER`
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from dagfloe.build.child_process import run_step
from dagfloe.build.freeze.stage import stage
from dagfloe.build.project import read_project
from dagfloe.build.python.interpreter import find_interpreter
from dagfloe.build.python.virtualenv import ensure_environment

TIMEOUT_S = 1800
#: Packages whose data the tasks read, by project: PyInstaller does not see that.
DATA = {"weather": ("vega_datasets",)}
#: Modules that the program imports by name, so that PyInstaller does not see them.
HIDDEN = ("dagfloe.runtime.server", "dagfloe.runtime.log.streams")


def freeze(path: Path, output: Path) -> Path:
    """Freeze a project.

    Args:
        path: its folder.
        output: the folder for the program.
    """
    project = read_project(path)
    interpreter = find_interpreter(project)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        environment = ensure_environment(project, interpreter, work)
        entry = stage(project, interpreter, work / "stage")
        hidden = (*project.modules, *project.hidden_imports, *HIDDEN)
        run_step(
            "freezing with PyInstaller's own settings",
            [
                *(str(environment.python), "-m", "PyInstaller", "--onefile", "--noconfirm", "--log-level", "WARN"),
                *("--name", project.file_name, "--distpath", str(output)),
                *("--workpath", str(work / "work"), "--specpath", str(work)),
                *("--paths", str(entry.parent), "--paths", str(project.source_root)),
                *(f"--hidden-import={module}" for module in hidden),
                *(f"--collect-data={package}" for package in DATA.get(project.file_name, ())),
                str(entry),
            ],
            output / f"{project.file_name}.log",
            timeout_s=TIMEOUT_S,
        )
    return output / project.file_name


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    print(freeze(options.project, options.output))


if __name__ == "__main__":
    main()
