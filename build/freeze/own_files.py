"""Adds the author's own files to what PyInstaller freezes: sources, data files and the project's metadata.

They do not take part in PyInstaller's analysis, so a new data file does not make an earlier analysis useless.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.build.freeze.analysis import ANALYSIS_FILE

if TYPE_CHECKING:
    from dagfloe.build.inputs import ProjectInputs
    from dagfloe.build.project import Project


def add_own_files(work: Path, project: Project, inputs: ProjectInputs, distribution: Path) -> None:
    """Add the author's files to the result of the analysis.

    The source of a module lies where the module would be without freezing, so `__file__` names it, and `inspect` reads
    it there.

    Args:
        work: the work folder of the build, with the result of the analysis.
        project: the project.
        inputs: its files.
        distribution: the folder with the project's metadata.
    """
    path = work / ANALYSIS_FILE
    lists = json.loads(path.read_text("utf-8"))
    taken = {name for kind in ("binaries", "datas") for name, _, _ in lists[kind]}
    root = project.source_root
    own = {*inputs.data_files}
    for name, source, _ in lists["pure"]:
        base = root.joinpath(*name.split("."))  # a dependency in the project's folder has its modules elsewhere
        own |= {Path(source)} & {base.with_suffix(".py"), base / "__init__.py"}
    files = {str(file.relative_to(root)): file for file in own}
    files.update({f"{distribution.name}/{file.name}": file for file in distribution.iterdir()})
    lists["datas"] += [[name, str(file), "DATA"] for name, file in sorted(files.items()) if name not in taken]
    path.write_text(json.dumps(lists), "utf-8")
