"""Refuses a project whose bundle file would not run on its `target`. Each check runs as soon as its files are known."""

from __future__ import annotations

import json
import re
import sys
from fnmatch import fnmatchcase
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from dagfloe.build.child_process import clean_environment, last_line, run_captured
from dagfloe.build.host.elf import read_elf
from dagfloe.build.host.floor import describe_cause, describe_floor, is_newer, libc_of, newest_need
from dagfloe.format.errors import ElfError, FreezeError, PackError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagfloe.build.host.elf import Elf
    from dagfloe.build.host.floor import Floor
    from dagfloe.build.project import Project
    from dagfloe.build.pyproject import HostTarget
    from dagfloe.build.python.interpreter import Interpreter
    from dagfloe.build.python.virtualenv import Environment

_TIMEOUT_S = 60
#: How many libraries of one owner a message names.
_MAX_NAMED = 5
#: The C library's own files. They stay on the host.
_LIBC_FILE = re.compile(r"(ld-linux|ld-musl|lib(c|m|dl|rt|pthread|util|resolv|nsl|anl|mvec|crypt|nss_\w+)[.-]).*")
#: Prints what this Python has loaded once it has imported modules that are in every bundle file.
_PROBE_PYTHON = """
import json, os, socket, sys, sysconfig, zlib
def loaded():
    with open("/proc/self/maps") as file:
        return {line.split(None, 5)[5].rstrip("\\n") for line in file if "/" in line}
files = loaded()
name = sysconfig.get_config_var("INSTSONAME") or ""
folders = (sysconfig.get_config_var("LIBDIR") or "", os.path.join(sys.base_prefix, "lib"))
paths = [os.path.join(folder, name) for folder in folders if os.path.exists(os.path.join(folder, name))]
if ".so" in name and paths and not any(os.path.basename(path) == name for path in files):
    import ctypes
    of_ctypes = loaded()
    ctypes.CDLL(paths[0])
    files |= loaded() - of_ctypes
print(json.dumps({"executable": os.path.realpath(sys.executable), "files": sorted(files)}))
"""
#: Prints the libraries of all installed distributions, and how each was built.
_PROBE_ENVIRONMENT = """
import importlib.metadata, json, re
found = []
for distribution in importlib.metadata.distributions():
    tags = re.findall("(?m)^Tag: *(.*)", distribution.read_text("WHEEL") or "")
    paths = {str(file): str(distribution.locate_file(file)) for file in distribution.files or () if ".so" in file.name}
    found.append({"name": distribution.metadata["Name"], "version": distribution.version, "tags": tags, "files": paths})
print(json.dumps(found))
"""


def check_python(project: Project, interpreter: Interpreter) -> None:
    """Refuse a Python that cannot make a program for the project's target.

    Args:
        project: the project.
        interpreter: the Python.

    Raises:
        PackError: if its processor or C library is another one, or its own libraries need a newer glibc.
    """
    target = project.host_target
    if target is None:
        return
    if sys.platform != "linux":
        raise _refusal(project, target, [f"this host runs {sys.platform}: build in a Linux container"])
    facts = _probe(interpreter.executable, _PROBE_PYTHON, "-S")
    executable = _read(Path(facts["executable"]))
    if executable and (problem := _mismatch(target, executable)):
        raise _refusal(project, target, [f"{interpreter.executable} is a Python for {problem}"])
    paths = (Path(path) for path in facts["files"] if path != facts["executable"])
    needs = find_needs(target, (path for path in paths if not _LIBC_FILE.fullmatch(path.name)))
    if needs:
        problem = f"the Python {interpreter.executable} {_list(needs)}"
        raise _refusal(project, target, [f"{problem}:\n    {_python_cure(interpreter)}"])


def check_environment(project: Project, environment: Environment) -> None:
    """Refuse distributions of the project that need a newer glibc than its target has.

    Those of which the file may not contain everything, by `slim` and `exclude`, are checked after the analysis.

    Args:
        project: the project.
        environment: its environment.

    Raises:
        PackError: if a distribution that the project declares needs one.
    """
    if project.host_target is not None:
        declared = {canonicalize_name(requirement.name) for requirement in project.dependencies}
        declared = {name for name in declared if not _is_slim(name, project)}
        distributions = _probe(environment.python, _PROBE_ENVIRONMENT)
        paths = [
            Path(path)
            for distribution in distributions
            if canonicalize_name(distribution["name"]) in declared
            for name, path in distribution["files"].items()
            if not project.excludes(name.partition(".")[0].replace("/", "."))
        ]
        _check_files(project, project.host_target, environment, paths, distributions)


def check_frozen(project: Project, environment: Environment, paths: Iterable[Path]) -> None:
    """Refuse files that need a newer glibc than the project's target has.

    Args:
        project: the project.
        environment: its environment.
        paths: the files that are going to be frozen.

    Raises:
        PackError: if one of them needs a newer glibc. The message names all libraries, and says what to do.
    """
    if project.host_target is not None:
        _check_files(project, project.host_target, environment, paths, None)


def check_floor(project: Project, floor: Floor | None) -> None:
    """Refuse a frozen program whose floor is above the project's target.

    Args:
        project: the project.
        floor: the floor of the program.

    Raises:
        PackError: if it needs another host.
    """
    target = project.host_target
    if target is None or floor is None:
        return
    if (floor.architecture, floor.libc) != (target.architecture, target.libc):
        raise _refusal(project, target, [f"it is for {describe_floor(floor.to_manifest())}"])
    if target.libc_version and is_newer(floor.libc_version, target.libc_version):
        raise _refusal(project, target, [describe_cause(floor.to_manifest())])


def find_needs(target: HostTarget, paths: Iterable[Path]) -> dict[Path, str]:
    """The files that need a newer glibc than a target has, and the symbol version that shows it; the newest first.

    Args:
        target: the target.
        paths: files of any kind.
    """
    if target.libc != "glibc":
        return {}
    found = {}
    for path in paths:
        elf = _read(path)
        if elf is not None and elf.machine == target.architecture:
            version, symbol_version = newest_need(elf)
            if is_newer(version, target.libc_version):
                found[path] = (version, symbol_version)
    ordered = sorted(found, key=lambda path: (-int(found[path][0].split(".")[1]), str(path)))
    return {path: found[path][1] for path in ordered}


def _is_slim(distribution: str, project: Project) -> bool:
    """Whether only the modules that something imports go into the file."""
    if isinstance(project.slim, bool):
        return project.slim
    return any(fnmatchcase(distribution, canonicalize_name(pattern)) for pattern in project.slim)


def _check_files(
    project: Project, target: HostTarget, environment: Environment, paths: Iterable[Path], distributions: Any
) -> None:
    needs = find_needs(target, paths)
    if not needs:
        return
    owners = _owners(distributions or _probe(environment.python, _PROBE_ENVIRONMENT))
    by_owner: dict[tuple[str, str], dict[Path, str]] = {}
    for path, symbol_version in needs.items():
        owner = owners.get(path.resolve()) or _other_owner(path, project, target, environment.interpreter)
        by_owner.setdefault(owner, {})[path] = symbol_version
    lines = [f"{owner} {_list(found)}:\n    {cure}" for (owner, cure), found in by_owner.items()]
    raise _refusal(project, target, lines)


def _other_owner(path: Path, project: Project, target: HostTarget, interpreter: Interpreter) -> tuple[str, str]:
    """The owner of a library that no distribution has, and what to do about it."""
    if path.is_relative_to(project.root):
        return "the project", f"compile it where glibc is {target.libc_version} or older"
    if path.name.startswith("libpython") or path.resolve().is_relative_to(
        Path(interpreter.base_prefix, "lib").resolve()
    ):
        return f"the Python {interpreter.executable}", _python_cure(interpreter)
    return "this host", (
        "a portable Python brings the libraries of the standard library; for others, an image that is older helps"
    )


def _owners(distributions: Iterable[dict[str, Any]]) -> dict[Path, tuple[str, str]]:
    """The distribution of every library, and what to do about it."""
    owners = {}
    for distribution in distributions:
        name = f"{distribution['name']} {distribution['version']}"
        if any(tag.rpartition("-")[2].startswith("linux_") for tag in distribution["tags"]):
            cure = f"it was compiled on this host: require a release of {distribution['name']} that has a wheel"
        else:
            cure = f"require another release of {distribution['name']}, whose wheel is for an older glibc"
        for path in distribution["files"].values():
            owners[Path(path).resolve()] = name, cure
    return owners


def _refusal(project: Project, target: HostTarget, lines: Iterable[str]) -> PackError:
    image = f"glibc {target.libc_version} or older" if target.libc_version else "musl"
    what = "\n  ".join(lines)
    return PackError(
        f"{project.pyproject}: [tool.dagfloe] target is {target.name}, and a file that is built here would not run "
        f"there:\n  {what}\n  To get a file that does, build in an image for {target.architecture} with {image}"
    )


def _mismatch(target: HostTarget, executable: Elf) -> str:
    """The processor or C library of a Python, if it is not the target's."""
    if executable.machine != target.architecture:
        return f"{executable.machine}, and it freezes programs for that processor only"
    libc = libc_of(executable)
    return "" if libc in (target.libc, "none") else f"{libc}, which is another C library"


def _python_cure(interpreter: Interpreter) -> str:
    minor = ".".join(interpreter.version.split(".")[:2])
    return f"a portable Python needs only glibc 2.17: `uv python install {minor}` installs one"


def _list(needs: dict[Path, str]) -> str:
    named = [f"{path.name} needs {symbol_version}" for path, symbol_version in [*needs.items()][:_MAX_NAMED]]
    more = len(needs) - len(named)
    return f"has {'a library' if len(needs) == 1 else 'libraries'} for a newer glibc: {', '.join(named)}" + (
        f", and {more} more" if more else ""
    )


def _read(path: Path) -> Elf | None:
    """What an ELF file needs; None for other files, and for those that no host can load."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"\x7fELF":
                return None
            with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
                return read_elf(content)
    except (OSError, ElfError):
        return None


def _probe(python: Path, script: str, *options: str) -> Any:
    """The JSON that a script prints.

    Raises:
        FreezeError: if the script fails.
    """
    purpose = "looking for the libraries of Python"
    command = [str(python), "-I", *options, "-c", script]
    status, stdout, stderr = run_captured(purpose, command, timeout_s=_TIMEOUT_S, env=clean_environment())
    if status:
        raise FreezeError(f"{purpose}: {python} failed (status {status}): {last_line(stderr)}")
    return json.loads(stdout)
