"""The oldest host that runs a frozen program, by what its files need. Pure."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from dagfloe.build.host.elf import read_elf
from dagfloe.format.errors import ElfError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagfloe.build.host.elf import Elf

_VERSION = re.compile(r"GLIBC_([0-9]{1,4}(?:\.[0-9]{1,4})+)")
#: What a need without a number came with.
_NAMED = {"GLIBC_ABI_DT_RELR": "2.36"}


@dataclass(frozen=True, slots=True)
class Floor:
    """What a frozen program needs of its host.

    Attributes:
        os: the operating system.
        architecture: the processor, as `platform.machine` names it.
        libc: the C library, `glibc` or `musl`, or `none` for a static program.
        libc_version: its oldest version; empty for any.
        loader: the C library's loader, which starts the program.
        set_by: the file that needs this version.
    """

    os: str
    architecture: str
    libc: str
    libc_version: str = ""
    loader: str = ""
    set_by: str = ""

    def to_manifest(self) -> dict[str, str]:
        """As the manifest has it, without what is not known."""
        return {name: value for name, value in asdict(self).items() if value}


def find_floor(program: str, files: Iterable[tuple[str, bytes]]) -> Floor | None:
    """Find out what a frozen program needs; the newest need of all its files counts.

    Args:
        program: the path of what is started.
        files: path and content of every file, the program included.

    Returns:
        What it needs; None when the program is no ELF file, and its files tell nothing.

    Raises:
        ElfError: when the program itself is damaged.
    """
    elves: dict[str, Elf] = {}
    for path, content in files:
        try:
            elf = read_elf(content)
        except ElfError as error:
            if path == program:
                raise ElfError(f"the frozen program {path} is damaged: {error}") from error
            continue  # no host can load it, so it needs nothing
        if elf is not None:
            elves[path] = elf
    own = elves.get(program)
    if own is None:
        return None
    libc = "none" if not own.loader else "musl" if "/ld-musl-" in own.loader else "glibc"
    version, set_by = "", ""
    if libc == "glibc":
        for path, elf in sorted(elves.items()):
            if elf.machine != own.machine:
                continue  # this host does not load it, either
            newest = max(map(_glibc_version, elf.versions), key=_as_numbers, default="")
            if _as_numbers(newest) > _as_numbers(version):
                version, set_by = newest, path
    return Floor("linux", own.machine, libc, version, own.loader, set_by)


def describe_floor(floor: Mapping[str, str]) -> str:
    """A manifest's floor in words, on one line."""
    text = f"{floor['os']} {floor['architecture']}"
    if floor["libc"] == "none":
        return text
    if "libc_version" not in floor:
        return f"{text}, {floor['libc']}"
    return f"{text}, {floor['libc']} {floor['libc_version']} or newer"


def _glibc_version(need: str) -> str:
    match = _VERSION.fullmatch(need)
    return match[1] if match else _NAMED.get(need, "")


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)
