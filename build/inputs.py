"""What of a project can change its bundle file."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagfloe.build.project import Project


def list_inputs(project: Project) -> Iterator[Path]:
    """What lies where modules and data files are looked for, folders included: a new file may change what is found."""
    suffixes = () if project.package_data else (".py", ".so")  # else any file may be a package's data
    for place, folders, files in os.walk(project.source_root):
        # Modules are imported from no other folders; an environment in the project may have very many files.
        folders[:] = sorted(name for name in folders if name.isidentifier() and name != "__pycache__")
        folders[:] = [name for name in folders if not Path(place, name, "pyvenv.cfg").exists()]
        yield from (Path(place, name) for name in folders)
        yield from (Path(place, name) for name in sorted(files) if not suffixes or name.endswith(suffixes))
    for pattern, _ in project.data:
        for found in sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))):
            yield found
            yield from sorted(found.rglob("*"))


def digest_inputs(project: Project) -> str:
    """The digest of all that the author wrote: equal as long as nothing is changed, added or taken away."""
    digest = hashlib.sha256()
    for path in (project.root / "pyproject.toml", *list_inputs(project)):
        digest.update(os.fsencode(path) + b"\0")
        if path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
