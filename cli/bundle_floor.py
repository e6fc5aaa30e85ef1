"""The floor of a bundle file of any SDK: the oldest host that runs it."""

from __future__ import annotations

from mmap import PROT_READ, mmap
from typing import TYPE_CHECKING

from dagfloe.build.host.floor import find_floor
from dagfloe.format.errors import ElfError
from dagfloe.format.regular_file import open_regular

if TYPE_CHECKING:
    from dagfloe.format.bundle_file import BundleFile


def bundle_floor(bundle: BundleFile) -> dict[str, str] | None:
    """Return what a bundle file needs of its host: from the manifest if dagfloe wrote it, else from the executable.

    Returns:
        The fields of a manifest's `floor`; None if the executable is not an ELF file.
    """
    sdk, floor = bundle.manifest.get("sdk"), bundle.manifest.get("floor")
    if isinstance(sdk, dict) and sdk.get("name") == "dagfloe" and isinstance(floor, dict):
        return floor
    try:
        # Mapped and not read, because the file may be larger than the memory.
        with open_regular(bundle.path) as file, mmap(file.fileno(), bundle.binary_len, prot=PROT_READ) as executable:
            elf_floor = find_floor(bundle.path.name, [(bundle.path.name, executable)])
    except ElfError:
        return None
    if elf_floor is None:
        return None
    return {name: value for name, value in elf_floor.to_manifest().items() if name not in ("set_by", "symbol_version")}
