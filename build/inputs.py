"""The files of a project that can change its bundle file."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.build.author.distribution import list_entry_modules
from dagfloe.build.author.files import find_data_files
from dagfloe.build.author.modules import find_modules
from dagfloe.format.digests import sha256_of
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagfloe.build.project import Project

_MODULE_SUFFIXES = (".py", ".so")


class ProjectInputs:
    """The files of a project that can change its bundle file, as they are when this object is created.

    A build reads every file once, here. Its later steps use the content that was read, so a file that changes
    during the build makes the next build start over.

    Args:
        project: the project.
        target: the bundle file. If it is in the project, the build creates it and the folders that lead to it, so
            these are not inputs.

    Raises:
        PackError: if the entry points of the project are wrong, or its data files are too large or cannot be read.

    Attributes:
        paths: the files, and the folders in which modules and data files are looked up. Folders count because a new
            file may take the place of another one.
        digest: a digest of paths and contents. It is equal as long as nothing is changed, added or removed.
    """

    def __init__(self, project: Project, target: Path) -> None:
        outputs = {target.resolve(), *target.resolve().parents}
        self.paths = tuple(path for path in _walk(project) if path not in outputs)
        self._modules: dict[Path, bytes] = {}
        digest = hashlib.sha256()
        for path in (project.root / "pyproject.toml", *self.paths):
            digest.update(os.fsencode(path) + b"\0")
            if path.is_file():
                content = path.read_bytes()
                digest.update(hashlib.sha256(content).digest())
                if path.suffix in _MODULE_SUFFIXES:
                    self._modules[path] = content
        self.modules = find_modules(project, list_entry_modules(project), self.read_module)
        self.data_files = tuple(path for path in find_data_files(project, self.modules) if path not in outputs)
        for path in sorted({*self.data_files} - {*self.paths}):
            digest.update(os.fsencode(path) + b"\0")
            digest.update(_digest_of(path))
        self.digest = digest.hexdigest()

    def read_module(self, path: Path) -> bytes:
        """The content of a module; from disk if the module is not among the inputs.

        Raises:
            OSError: if the module is not among the inputs and cannot be read.
        """
        content = self._modules.get(path)
        return path.read_bytes() if content is None else content


def _digest_of(path: Path) -> bytes:
    try:
        return sha256_of(path)
    except OSError as error:
        raise PackError(f"{path} lies in the author's code and cannot be read: {error.strerror}") from error


def _walk(project: Project) -> Iterator[Path]:
    suffixes = () if project.package_data else _MODULE_SUFFIXES  # else any file may be a package's data
    for folder, subfolders, names in os.walk(project.source_root):
        # Modules are imported from no other folders; an environment in the project may have very many files.
        subfolders[:] = sorted(name for name in subfolders if name.isidentifier() and name != "__pycache__")
        subfolders[:] = [name for name in subfolders if not Path(folder, name, "pyvenv.cfg").exists()]
        yield from (Path(folder, name) for name in subfolders)
        yield from (Path(folder, name) for name in sorted(names) if not suffixes or name.endswith(suffixes))
    for pattern, _ in (*project.data, *project.binaries, *(((project.hooks, ""),) if project.hooks else ())):
        for path in sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))):
            yield path
            yield from sorted(path.rglob("*"))
