"""What a bundle file contains, beside the author's own code: distributions, and libraries of the build host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The distributions that are in every bundle file, by normalized name.
TOOL, BOOTLOADER = "dagfloe", "pyinstaller"


@dataclass(frozen=True, slots=True)
class FrozenDistribution:
    """A distribution in a bundle file.

    Attributes:
        name: its name, as it writes it.
        version: its version.
        licenses: its licence as its metadata gives it: an SPDX expression, or names.
        sha256: the digest of the wheel that it was installed from; empty if unknown.
        origin: what it was installed from, if that is not an index: a `folder`, an `archive` or `version control`.
        requires: the normalized names of the other distributions in the bundle file that it requires.
    """

    name: str
    version: str
    licenses: tuple[str, ...] = ()
    sha256: str = ""
    origin: str = ""
    requires: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its normalized name."""
        return canonicalize_name(self.name)


@dataclass(frozen=True, slots=True)
class HostLibrary:
    """A shared library in a bundle file that comes from the build host, and from no distribution.

    Attributes:
        name: its path in the frozen program.
        path: its file on the build host.
        sha256: its digest; empty for a library of Python itself, whose symbols the build removes.
    """

    name: str
    path: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a bundle file contains, beside the author's own code.

    Attributes:
        python: the version of its Python.
        distributions: the distributions, sorted by name; dagfloe and PyInstaller are always among them.
        libraries: the libraries of the build host.
        required: the normalized names of the distributions that the project requires itself.
    """

    python: str
    distributions: tuple[FrozenDistribution, ...]
    libraries: tuple[HostLibrary, ...]
    required: tuple[str, ...]

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Inventory:
        """The inventory that `dataclasses.asdict` and JSON turned into a record."""
        distributions = (
            FrozenDistribution(**{**item, "licenses": tuple(item["licenses"]), "requires": tuple(item["requires"])})
            for item in record["distributions"]
        )
        libraries = (HostLibrary(**item) for item in record["libraries"])
        return cls(record["python"], tuple(distributions), tuple(libraries), tuple(record["required"]))
