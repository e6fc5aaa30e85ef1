"""Takes the inventory of a program that was just frozen.

The result of PyInstaller's analysis says which files were frozen. A distribution is in the bundle file if one of its
files is, whatever else the environment contains.
"""

from __future__ import annotations

import csv
import json
import os
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import distribution as find_distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dagfloe.build.freeze.analysis import list_frozen, list_libraries
from dagfloe.build.python.virtualenv import bundle_requirements
from dagfloe.build.sbom.archive_digests import read_archive_digests
from dagfloe.build.sbom.inventory import BOOTLOADER, TOOL, FrozenDistribution, HostLibrary, Inventory
from dagfloe.format.digests import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.metadata import Distribution

    from dagfloe.build.collect.installed import Installed
    from dagfloe.build.project import Project
    from dagfloe.build.python.interpreter import Interpreter
    from dagfloe.build.python.virtualenv import Environment

#: A field that is longer has the whole licence.
_MAX_LICENSE = 200
#: What `direct_url.json` has for each kind of source (PEP 610), and what we call the kind.
_ORIGINS = {"dir_info": "folder", "vcs_info": "version control", "archive_info": "archive"}


def take_inventory(project: Project, environment: Environment, installed: Installed, work: Path) -> Inventory:
    """List what was frozen.

    Args:
        project: the project.
        environment: its environment.
        installed: what is installed in it.
        work: the work folder of the build, with the result of the analysis.
    """
    frozen = {os.path.normpath(path) for path in list_frozen(work) if path.is_absolute()}
    found = {name for name, item in installed.distributions.items() if _is_frozen(item, frozen)}
    found |= {BOOTLOADER} & installed.distributions.keys()  # the bootloader is in no list of the analysis
    edges = installed.requirements_of(project.dependencies)
    required = edges.pop("")
    edges.update(installed.requirements_of([Requirement(name) for name in sorted(found - edges.keys())]))
    edges[BOOTLOADER] = set()  # what it requires builds, and does not run
    edges[TOOL] = {str(canonicalize_name(item.name)) for item in bundle_requirements()} - {BOOTLOADER}
    digests = read_archive_digests(environment.locks)
    described = {name: _describe(installed.distributions[name], digests) for name in found - {TOOL}}
    described[TOOL] = replace(_describe(find_distribution(TOOL), {}), origin="")  # of this tool, not of the environment
    return Inventory(
        python=environment.interpreter.version,
        distributions=tuple(
            replace(described[name], requires=tuple(sorted((edges.get(name, set()) & found) - {name})))
            for name in sorted(described)
        ),
        libraries=tuple(_list_host_libraries(project, environment, work)),
        required=tuple(sorted(required & found)),
    )


def _is_frozen(distribution: Distribution, frozen: set[str]) -> bool:
    root = f"{distribution.locate_file('')}{os.sep}"
    rows = csv.reader((distribution.read_text("RECORD") or "").splitlines())
    paths = [f"{root}{row[0]}" for row in rows if row]
    # Files beside `site-packages` are frozen under their real paths.
    return any(
        os.path.normpath(path) in frozen or ("/.." in path and os.path.realpath(path) in frozen) for path in paths
    )


def _describe(distribution: Distribution, digests: Mapping[str, Mapping[frozenset[str], str]]) -> FrozenDistribution:
    metadata = distribution.metadata
    name = metadata["Name"]
    wheel = (distribution.read_text("WHEEL") or "").splitlines()
    tags = frozenset(line.partition(":")[2].strip() for line in wheel if line.startswith("Tag:"))
    candidates = digests.get(f"{canonicalize_name(name)}=={distribution.version}", {})
    fitting = {digest for wheel_tags, digest in candidates.items() if wheel_tags & tags}
    origin = _origin(distribution)
    return FrozenDistribution(
        name=name,
        version=distribution.version,
        licenses=tuple(_licenses(metadata.get_all("License-Expression"), metadata.get_all("License"), metadata)),
        sha256=fitting.pop() if len(fitting) == 1 and not origin else "",
        origin=origin,
    )


def _licenses(expressions: list[str] | None, names: list[str] | None, metadata: Any) -> Iterator[str]:
    name = (expressions or names or [""])[0].strip()
    is_name = bool(name) and name.upper() != "UNKNOWN"
    if is_name and "\n" not in name and len(name) <= _MAX_LICENSE:
        yield name
        return
    classifiers = [line.split(" :: ") for line in metadata.get_all("Classifier") or ()]
    found = sorted({parts[-1] for parts in classifiers if parts[0] == "License" and parts[-1] != "OSI Approved"})
    yield from found
    if not found and is_name:  # the whole licence, whose first line is its title
        yield name.splitlines()[0].strip()[:_MAX_LICENSE]


def _origin(distribution: Distribution) -> str:
    """The kind of a distribution's source. Its URL stays out: it may have a password or a path of this host."""
    with suppress(ValueError, TypeError):
        source = json.loads(distribution.read_text("direct_url.json") or "{}")
        return next((origin for key, origin in _ORIGINS.items() if key in source), "")
    return ""


def _list_host_libraries(project: Project, environment: Environment, work: Path) -> Iterator[HostLibrary]:
    own = tuple(_with_links((environment.root, work)))
    for name, path in sorted(list_libraries(work)):
        if _is_of_python(path, environment.interpreter):
            yield HostLibrary(name, str(path))
        elif not path.is_relative_to(project.root) and not any(path.is_relative_to(folder) for folder in own):
            yield HostLibrary(name, str(path), sha256_of(path).hex())


def _with_links(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from (folder, folder.resolve())


def _is_of_python(path: Path, interpreter: Interpreter) -> bool:
    minor = ".".join(interpreter.version.split(".")[:2])
    return path.name.startswith("libpython") or path.is_relative_to(
        Path(interpreter.base_prefix, "lib", f"python{minor}")
    )
