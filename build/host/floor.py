"""The floor: the oldest host that runs a frozen program. It follows from the program's files. Pure."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from dagfloe.build.host.elf import read_elf
from dagfloe.format.errors import ElfError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from mmap import mmap

    from dagfloe.build.host.elf import Elf

_VERSION = re.compile(r"GLIBC_([0-9]{1,4}(?:\.[0-9]{1,4})+)")
#: Versions of glibc that first had a symbol version without a number.
_UNNUMBERED = {"GLIBC_ABI_DT_RELR": "2.36"}


@dataclass(frozen=True, slots=True)
class Floor:
    """The requirements of a frozen program on its host.

    Attributes:
        os: the operating system.
        architecture: the processor, as `platform.machine` names it.
        libc: the C library, `glibc` or `musl`, or `none` for a static program.
        libc_version: its oldest version; empty for any.
        loader: the C library's dynamic loader.
        set_by: the file that requires this version.
        symbol_version: the newest version of a symbol that this file needs; it decides on `libc_version`.
    """

    os: str
    architecture: str
    libc: str
    libc_version: str = ""
    loader: str = ""
    set_by: str = ""
    symbol_version: str = ""

    def to_manifest(self) -> dict[str, str]:
        """The mapping for the manifest, without unknown values."""
        return {name: value for name, value in asdict(self).items() if value}


def find_floor(program: str, files: Iterable[tuple[str, bytes | mmap]]) -> Floor | None:
    """Find the oldest host that runs a frozen program. The newest requirement of all its files counts.

    Args:
        program: the path of the executable.
        files: path and content of every file, the executable included.

    Returns:
        The floor; None if the executable is not an ELF file.

    Raises:
        ElfError: if the executable is damaged.
    """
    elves: dict[str, Elf] = {}
    for path, content in files:
        try:
            elf = read_elf(content)
        except ElfError as error:
            if path == program:
                raise ElfError(f"the frozen program {path} is damaged: {error}") from error
            continue  # no host can load it, so it requires nothing
        if elf is not None:
            elves[path] = elf
    executable = elves.get(program)
    if executable is None:
        return None
    libc = libc_of(executable)
    version, set_by, symbol_version = "", "", ""
    if libc == "glibc":
        for path, elf in sorted(elves.items()):
            if elf.machine != executable.machine:
                continue  # a host of the executable's processor cannot load it
            newest, newest_symbol = newest_need(elf)
            if is_newer(newest, version):
                version, set_by, symbol_version = newest, path, newest_symbol
    return Floor("linux", executable.machine, libc, version, executable.loader, set_by, symbol_version)


def libc_of(executable: Elf) -> str:
    """The C library of an executable: `glibc`, `musl`, or `none` for a static one."""
    return "none" if not executable.loader else "musl" if "/ld-musl-" in executable.loader else "glibc"


def newest_need(elf: Elf) -> tuple[str, str]:
    """The newest version of glibc that a file needs, and the symbol version that shows it; empty for none."""
    versions = {symbol_version: _glibc_version(symbol_version) for symbol_version in sorted(elf.versions)}
    newest = max(versions, key=lambda name: _as_numbers(versions[name]), default="")
    return versions.get(newest, ""), newest if versions.get(newest) else ""


def is_newer(version: str, other: str) -> bool:
    """Whether a version of glibc is newer than another one. An empty version is the oldest."""
    return _as_numbers(version) > _as_numbers(other)


def describe_floor(floor: Mapping[str, str]) -> str:
    """Describe the floor of a manifest in words, on one line."""
    system = f"{floor['os']} {floor['architecture']}"
    if floor["libc"] == "none":
        return system
    if "libc_version" not in floor:
        return f"{system}, {floor['libc']}"
    return f"{system}, {floor['libc']} {floor['libc_version']} or newer"


def describe_cause(floor: Mapping[str, str]) -> str:
    """Describe what sets the floor of a manifest: the file and the symbol version; empty if that is unknown."""
    if "set_by" not in floor:
        return ""
    return f"{floor['set_by']} needs {floor.get('symbol_version', 'it')}"


def _glibc_version(symbol_version: str) -> str:
    match = _VERSION.fullmatch(symbol_version)
    return match[1] if match else _UNNUMBERED.get(symbol_version, "")


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)
