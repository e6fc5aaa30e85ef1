"""The supervisor schema version that the embedded supervisor speaks with a bundle file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.runtime.config import SCHEMA_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping


def served_schema_version(manifest: Mapping[str, Any]) -> str:
    """The version that a bundle's manifest names, or the newest version before it that dagfloe knows."""
    bundle_version = manifest["sdk"]["supervisor_schema_version"]
    versions = sorted(SCHEMA_VERSIONS.values())
    return next((version for version in reversed(versions) if version <= bundle_version), versions[0])
