"""Errors of building a bundle file, of reading one, and of making Dags from one."""

from __future__ import annotations

from dagfloe.errors import DagfloeError


class PackError(DagfloeError):
    """A bundle file cannot be built, or cannot be read."""


class FreezeError(PackError):
    """The environment, PyInstaller or the frozen program failed during a build."""


class ManifestError(PackError):
    """A manifest is not YAML, does not follow its schema, or does not belong to its file."""


class TrailerError(PackError):
    """The last 64 bytes of a file are not a trailer, or the regions of the file do not match it."""


class ElfError(PackError):
    """A file begins as an ELF file does, but is damaged."""


class StubError(PackError):
    """A manifest declares something that a stub Dag cannot express."""


class NativeDagError(PackError):
    """A bundle declares a Dag that Airflow would refuse, or that would harm Airflow, as a native Dag."""
