"""Reads and verifies bundle files of any SDK: trailer, digests, manifest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dagfloe.format import trailer as trailer_format
from dagfloe.format.digests import sha256_of
from dagfloe.format.errors import ManifestError, TrailerError
from dagfloe.format.manifest import cache_digest, is_ours, parse_manifest, render_manifest, validate_manifest
from dagfloe.format.regular_file import open_regular
from dagfloe.format.sources import read_sources
from dagfloe.format.trailer import Trailer
from dagfloe.format.yaml_reader import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

#: The longest source region that is read, in bytes.
_MAX_SOURCE = 256 << 20


@dataclass(frozen=True)
class BundleFile:
    """The regions of a bundle file. Their content is not verified.

    Attributes:
        path: the file.
        size: its size in bytes.
        trailer: its last 64 bytes.
        source: the source region.
        manifest_bytes: the manifest region.
    """

    path: Path
    size: int
    trailer: Trailer
    source: bytes
    manifest_bytes: bytes

    @property
    def binary_len(self) -> int:
        """Length of the executable region in bytes."""
        return self.size - trailer_format.SIZE - self.trailer.source_len - self.trailer.manifest_len

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest.

        Raises:
            ManifestError: if it is not a YAML mapping, or is beyond the limits.
        """
        return parse_manifest(self.manifest_bytes)


def read_bundle(path: Path) -> BundleFile:
    """Find the regions of a bundle file.

    Raises:
        TrailerError: if the file cannot be read, or has no trailer that fits its size.
    """
    try:
        with open_regular(path) as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - trailer_format.SIZE))
            trailer = Trailer.parse(file.read())
            source_start = size - trailer_format.SIZE - trailer.source_len - trailer.manifest_len
            if source_start <= 0:
                raise TrailerError("its trailer is damaged: the regions are longer than the file")
            if trailer.source_len > _MAX_SOURCE or trailer.manifest_len > MAX_BYTES:
                raise TrailerError(
                    f"its source has {trailer.source_len} bytes and its manifest {trailer.manifest_len}: at most "
                    f"{_MAX_SOURCE} and {MAX_BYTES} are allowed"
                )
            file.seek(source_start)
            return BundleFile(path, size, trailer, file.read(trailer.source_len), file.read(trailer.manifest_len))
    except OSError as error:
        raise TrailerError(f"{path}: {error.strerror}") from error
    except TrailerError as error:
        raise TrailerError(f"{path}: {error}") from error


def verify_bundle(bundle: BundleFile) -> list[str]:
    """Check everything about a bundle file that can be checked without running it.

    Returns:
        What was checked, one line for every check.

    Raises:
        TrailerError: if the executable region does not match the digest in the trailer.
        ManifestError: if the manifest does not follow its schema, or a file that dagfloe built differs from what it
            built in any byte.
    """
    path, digest = bundle.path, bundle.trailer.binary_sha256
    manifest = bundle.manifest
    validate_manifest(manifest)
    digests = manifest.get("digests") or {}
    if digests.get("integrity", digest.hex()) != digest.hex():
        raise ManifestError(
            f"{path}: the manifest and the trailer have different digests of the executable: build or copy it again"
        )
    sealed = is_ours(manifest)
    if sealed and (
        bundle.manifest_bytes != render_manifest(manifest)
        or digests != {"cache": cache_digest(digest, bundle.source, manifest), "integrity": digest.hex()}
    ):
        raise ManifestError(
            f"{path}: the source or the manifest was changed after the bundle was built: build it again"
        )
    try:
        sources = read_sources(bundle.source, manifest)
    except ManifestError as error:
        raise ManifestError(f"{path}: {error}") from error
    # Last, because it reads the whole file.
    if sha256_of(path, bundle.binary_len) != digest:
        raise TrailerError(f"{path}: the executable is damaged: its digest is not the one in the trailer")
    return [
        "trailer: AFBNDL01, version 1",
        f"manifest: follows the schema of version {manifest['airflow_bundle_metadata_version']}",
        *([f"sources: {', '.join(sources)}"] if sources else []),
        *(["seal: source and manifest are as they were built"] if sealed else []),
        f"executable: {bundle.binary_len} bytes, sha256 {digest.hex()}",
    ]
