"""What goes wrong while a bundle is built, or a bundle file is read."""

from __future__ import annotations

from dagfloe.errors import DagfloeError


class PackError(DagfloeError):
    """A bundle file that could not be built."""


class FreezeError(PackError):
    """The environment, PyInstaller or the frozen program failed while a bundle was built."""


class ManifestError(PackError):
    """A manifest that is not YAML, does not follow its schema, or does not belong to its file."""


class TrailerError(PackError):
    """A file whose last 64 bytes are no AFBNDL01 trailer, or whose regions do not match it."""


class ElfError(PackError):
    """A file that begins as an ELF file does, and is damaged."""


class StubError(PackError):
    """A manifest of which no stub Dag can be made: what it declares does not fit together."""
