"""Writes the RECORD of each distribution in a program, which lists what the program has of the distribution.

That of the environment also lists what is left out, and contains paths of the machine.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dagfloe.build.freeze.analysis import ANALYSIS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME, _METADATA = "RECORD", "METADATA"


def add_records(work: Path) -> None:
    """Add a RECORD for each distribution to the result of an analysis.

    Args:
        work: the work folder of the build, with the result of the analysis.
    """
    path = work / ANALYSIS_FILE
    lists = json.loads(path.read_text("utf-8"))
    modules = {name for name, _, _ in lists["pure"]}
    data, binaries = ({name for name, _, _ in lists[kind]} for kind in ("datas", "binaries"))
    for name, source, _ in [*lists["datas"]]:
        folder = PurePosixPath(name).parent
        record = Path(source).with_name(_NAME)
        if name != str(folder / _METADATA) or folder.suffix != ".dist-info" or not record.is_file():
            continue
        own_name = str(folder / _NAME)
        rows = csv.reader(io.StringIO(record.read_text("utf-8")))
        destination = work / "records" / own_name
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_text(render_record(rows, own_name, data, binaries, modules), "utf-8")
        if own_name not in data:
            lists["datas"].append([own_name, str(destination), "DATA"])
    path.write_text(json.dumps(lists), "utf-8")


def render_record(
    rows: Iterable[list[str]], own_name: str, data: set[str], binaries: set[str], modules: set[str]
) -> str:
    """The RECORD of a distribution in a program. Pure.

    Args:
        rows: the rows of the RECORD in the environment.
        own_name: the path of the RECORD.
        data: the paths of the program's data files.
        binaries: the paths of its libraries and compiled modules.
        modules: its other modules. They have no file of their own, and no digest.
    """
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    for row in rows:
        path = PurePosixPath(row[0]) if row else PurePosixPath()
        # What is beside `site-packages` in the environment is in the program's own folder.
        name = str(PurePosixPath(*(part for part in path.parts if part != "..")))
        if name in data and name != own_name:
            writer.writerow([name, *row[1:]])
        elif name in binaries or (path.suffix == ".py" and _module_name(path) in modules):
            writer.writerow([name, "", ""])
    writer.writerow([own_name, "", ""])
    return output.getvalue()


def _module_name(path: PurePosixPath) -> str:
    return ".".join(path.parent.parts if path.name == "__init__.py" else (*path.parent.parts, path.stem))
