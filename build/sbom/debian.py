"""Debian packages: which one a library of the build host belongs to. Ubuntu and other descendants count, too."""

from __future__ import annotations

import os
import platform
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagfloe.build.child_process import clean_environment, run_captured

if TYPE_CHECKING:
    from collections.abc import Iterable

_TIMEOUT_S = 60
#: A line of `dpkg-query --search`. A file may be in a package for several processors.
_OWNER = re.compile(r"([a-z0-9][a-z0-9+.-]+(?::[a-z0-9-]+)?)(?:, [^/]*)?: (/.*)")
_FORMAT = "${Package}\t${Version}\t${Architecture}\t${source:Package}\n"


@dataclass(frozen=True, slots=True)
class DebianPackage:
    """A package that is installed on the build host.

    Attributes:
        name: its name.
        version: its version.
        architecture: the processor that it is for.
        source: the source package that it is built from, under whose name vulnerabilities are published.
        distribution: the system, such as `debian`.
        release: the release of the system, such as `12`; empty if it has none.
    """

    name: str
    version: str
    architecture: str
    source: str
    distribution: str
    release: str


def find_packages(paths: Iterable[str]) -> dict[str, DebianPackage]:
    """The packages of files, by the file's path. Files of no package are left out.

    Args:
        paths: the absolute paths of the files.
    """
    program = shutil.which("dpkg-query")
    # On a system with a merged /usr, a package may list its file under the other name of the folder.
    names = {path: _other_names(path) for path in paths}
    if program is None or not names:
        return {}
    matches = map(_OWNER.fullmatch, _query(program, "--search", *sorted(set().union(*names.values()))).splitlines())
    owners = {match[2]: match[1] for match in matches if match}
    packages = {owner: _read_package(program, owner) for owner in sorted({*owners.values()})}
    found = {path: packages[owners[name]] for path in names for name in sorted(names[path]) if name in owners}
    return {path: package for path, package in found.items() if package is not None}


def _read_package(program: str, owner: str) -> DebianPackage | None:
    fields = _query(program, "--show", f"--showformat={_FORMAT}", owner).rstrip("\n").split("\t")
    if len(fields) != _FORMAT.count("\t") + 1:
        return None
    name, version, architecture, source = fields
    return DebianPackage(name, version, architecture, source, *_system())


def _other_names(path: str) -> set[str]:
    names = {path, os.path.realpath(path)}
    return names | {name.removeprefix("/usr") for name in names} | {f"/usr{name}" for name in names}


def _query(program: str, *arguments: str) -> str:
    """What dpkg-query prints. It fails if any of the files has no owner, and prints the owners of the others."""
    env = clean_environment({"LC_ALL": "C"})
    return run_captured("looking for Debian packages", [program, *arguments], timeout_s=_TIMEOUT_S, env=env)[1]


def _system() -> tuple[str, str]:
    try:
        facts = platform.freedesktop_os_release()
    except OSError:
        return "debian", ""
    return facts.get("ID", "debian"), facts.get("VERSION_ID", "")
