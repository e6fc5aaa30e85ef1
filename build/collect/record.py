"""The files of an installed distribution: its modules and its data. Runs in the environment, inside PyInstaller."""

from __future__ import annotations

import json
import mmap
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.metadata import Distribution

#: Only compilers, type checkers and linkers read these files.
_DEVELOPMENT_SUFFIXES = frozenset(
    (
        *(".a", ".c", ".cc", ".cpp", ".cu", ".cuh", ".f", ".f90", ".h", ".hh", ".hpp", ".hxx", ".inl", ".lib"),
        *(".pxd", ".pxi", ".pyi", ".pyx"),
    )
)
_DEVELOPMENT_NAMES = frozenset(("py.typed",))
#: Folders in which a distribution keeps the tests of its own code, if they contain Python files.
_TEST_FOLDERS = frozenset(("tests", "_tests"))
#: The folders beside `site-packages`, which a frozen program has directly in its own folder, as `sys.prefix` says.
_PREFIX_FOLDERS = frozenset(("etc", "lib", "share"))
_MAN_PAGES = ("share", "man")
_BYTECODE_SUFFIXES = frozenset((".pyc", ".pyo"))
_LIBRARY = re.compile(r"lib[^/]*\.so[\d.]*|[^/]+\.so(\.\d+)+")


@dataclass(frozen=True, slots=True)
class DistributionFiles:
    """The files of a distribution.

    Attributes:
        name: its normalized name.
        modules: the files of its modules by dotted name.
        tests: those among them that test it.
        data: pairs of the path in the frozen program and the file, for everything that is not a module.
        development: as above, the files that only compilers and type checkers read.
        sources: as above, the source files of its modules.
    """

    name: str
    modules: dict[str, Path] = field(default_factory=dict)
    tests: set[str] = field(default_factory=set)
    data: list[tuple[str, Path]] = field(default_factory=list)
    development: list[tuple[str, Path]] = field(default_factory=list)
    sources: list[tuple[str, Path]] = field(default_factory=list)


def normalize_name(name: str) -> str:
    """The normalized name of a distribution."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_files(distribution: Distribution) -> DistributionFiles:
    """List the files of a distribution by its RECORD; those of an editable one by its folder.

    Args:
        distribution: the distribution.
    """
    files = DistributionFiles(normalize_name(distribution.metadata["Name"]))
    listed = list(_list_files(distribution))
    test_folders = {folder for path, _ in listed if path.suffix == ".py" for folder in _list_test_folders(path)}
    migrations = _list_migration_folders([path for path, _ in listed])
    for path, file in listed:
        is_test = not test_folders.isdisjoint(_list_test_folders(path))
        _add(files, path, file, is_test=is_test, is_run_by_path=not migrations.isdisjoint(path.parents))
    return files


def _list_migration_folders(paths: list[PurePosixPath]) -> set[PurePosixPath]:
    """The folders of migrations, whose files Alembic runs by their paths."""
    versions = {path.parent for path in paths if path.parent.name == "versions" and path.suffix == ".py"}
    return {path.parent for path in paths if path.name == "env.py"} & {folder.parent for folder in versions}


def _list_test_folders(path: PurePosixPath) -> Iterator[PurePosixPath]:
    """The folders of a file whose names are those of tests. If they have no Python files, they do not test any."""
    return (folder for folder in path.parents if folder.name in _TEST_FOLDERS)


def _list_files(distribution: Distribution) -> Iterator[tuple[PurePosixPath, Path]]:
    recorded = distribution.files or ()
    for entry in recorded:
        path = PurePosixPath(entry)
        if ".." in path.parts:
            beside = PurePosixPath(*(part for part in path.parts if part != ".."))
            if beside.parts[:1] and beside.parts[0] in _PREFIX_FOLDERS and beside.parts[:2] != _MAN_PAGES:
                yield _without_library_folder(beside), Path(str(distribution.locate_file(entry))).resolve()
        elif not path.is_absolute():
            yield path, Path(str(distribution.locate_file(entry)))
    if not any(entry.suffix == ".py" or _is_extension(entry.name) for entry in map(PurePosixPath, recorded)):
        yield from _list_source_folder(distribution)


def _without_library_folder(path: PurePosixPath) -> PurePosixPath:
    """A path below `sys.prefix`, without the folder `lib` of shared libraries, which programs have at the top."""
    return PurePosixPath(*path.parts[1:]) if path.parts[0] == "lib" else path


def _list_source_folder(distribution: Distribution) -> Iterator[tuple[PurePosixPath, Path]]:
    """The files of a distribution whose modules are elsewhere: in the folder that an editable installation names."""
    origin: object = None
    with suppress(ValueError, LookupError, TypeError):
        origin = json.loads(distribution.read_text("direct_url.json") or "")["url"]
    names = (distribution.read_text("top_level.txt") or "").split()
    if not isinstance(origin, str) or urlparse(origin).scheme != "file":
        return
    folder = Path(unquote(urlparse(origin).path))
    for root in (folder / "src", folder):
        guesses = names or [normalize_name(distribution.metadata["Name"]).replace("-", "_")]
        found = [path for name in guesses for path in (root / name, root / f"{name}.py") if path.exists()]
        if found:
            for top in found:
                for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
                    yield PurePosixPath(path.relative_to(root).as_posix()), path
            return


def _add(files: DistributionFiles, path: PurePosixPath, file: Path, *, is_test: bool, is_run_by_path: bool) -> None:
    parts = path.parts
    if "__pycache__" in parts or path.suffix in _BYTECODE_SUFFIXES or not file.is_file():
        return
    if parts[0].endswith((".dist-info", ".egg-info", ".egg-link", ".pth")):
        return
    name = _module_name(path, file)
    if name:
        files.modules[name] = file
        if is_test or path.name == "conftest.py":
            files.tests.add(name)
        elif path.suffix == ".py":
            files.sources.append((str(path), file))
            is_file = is_run_by_path or (len(parts) > 1 and _is_in_folder_of_package(path, file))
            if is_file and path.name != "__init__.py":
                files.data.append((str(path), file))
    elif is_test or path.name in _DEVELOPMENT_NAMES or path.suffix.lower() in _DEVELOPMENT_SUFFIXES:
        files.development.append((str(path), file))
    else:
        files.data.append((str(path), file))


def _is_in_folder_of_package(path: PurePosixPath, file: Path) -> bool:
    """Whether a module's folder is not a package but is in one: such files are often templates."""
    return not (file.parent / "__init__.py").exists() and any(
        (file.parents[depth] / "__init__.py").exists() for depth in range(1, len(path.parts) - 1)
    )


def _module_name(path: PurePosixPath, file: Path) -> str:
    """The dotted name of the module that a file is; empty if it is none."""
    if path.suffix == ".py":
        names = [*path.parts[:-1], path.stem]
    elif _is_extension(path.name) and not _LIBRARY.fullmatch(path.name):
        names = [*path.parts[:-1], path.name.partition(".")[0]]
        if not _has_symbol(file, f"PyInit_{names[-1]}"):
            return ""
    else:
        return ""
    if names[-1] == "__init__":
        names.pop()
    return ".".join(names) if names and all(name.isidentifier() for name in names) else ""


def _is_extension(name: str) -> bool:
    return name.endswith(".so")


def _has_symbol(file: Path, symbol: str) -> bool:
    with (
        suppress(OSError, ValueError),
        file.open("rb") as binary,
        mmap.mmap(binary.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return content.find(symbol.encode()) >= 0
    return False


def under(names: Iterable[str], packages: Iterable[str]) -> Iterator[str]:
    """The modules of these that are packages of the others, or in one.

    Args:
        names: dotted names.
        packages: dotted names.
    """
    wanted = tuple(packages)
    prefixes = tuple(f"{name}." for name in wanted)
    return (name for name in names if name in wanted or name.startswith(prefixes))
