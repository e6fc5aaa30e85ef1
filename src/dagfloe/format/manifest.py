"""The manifest: a bundle's metadata and digests as canonical YAML, and its schema. Pure."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from dagfloe.format.errors import ManifestError

if TYPE_CHECKING:
    import jsonschema

_CACHE_DOMAIN = b"dagfloe cache digest v1\0"


def with_digests(metadata: dict[str, Any], binary_sha256: bytes, source: bytes) -> dict[str, Any]:
    """The manifest: a bundle's own metadata, and `digests` that tie it to its file.

    Args:
        metadata: what the frozen program printed, and what was found out about it.
        binary_sha256: digest of the executable region.
        source: the source region.
    """
    return {
        **metadata,
        "digests": {"cache": cache_digest(binary_sha256, source, metadata), "integrity": binary_sha256.hex()},
    }


def cache_digest(binary_sha256: bytes, source: bytes, manifest: dict[str, Any]) -> str:
    """The digest that is equal for equal inputs, and differs when any region does.

    It covers the digests of the executable, of the source, and of the canonical manifest without its `digests`.
    """
    bare = {key: value for key, value in manifest.items() if key != "digests"}
    parts = (binary_sha256, hashlib.sha256(source).digest(), hashlib.sha256(render_manifest(bare)).digest())
    return hashlib.sha256(_CACHE_DOMAIN + b"".join(parts)).hexdigest()


def render_manifest(manifest: dict[str, Any]) -> bytes:
    """The canonical YAML: keys sorted, a line a value, ASCII only; equal manifests give equal bytes."""
    return yaml.safe_dump(manifest, sort_keys=True, default_flow_style=False, width=2**31).encode("ascii")


def parse_manifest(data: bytes) -> dict[str, Any]:
    """Read a manifest's YAML.

    Raises:
        ManifestError: when it is no mapping in YAML.
    """
    try:
        manifest = yaml.safe_load(data.decode())
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        raise ManifestError(f"the manifest is not YAML ({type(error).__name__})") from error
    if not isinstance(manifest, dict):
        raise ManifestError("the manifest is no mapping")
    return manifest


def validate_manifest(manifest: dict[str, Any]) -> None:
    """Check a manifest, or the metadata that it is made of, against the published schema.

    Raises:
        ManifestError: naming the first field that does not follow it.
    """
    # Sorted by place, so that the first error is the same at every run.
    errors = sorted(_validator().iter_errors(manifest), key=lambda error: error.json_path)
    if errors:
        raise ManifestError(f"the manifest does not follow its schema at {errors[0].json_path}: {errors[0].message}")


def load_validator() -> None:
    """Load what `validate_manifest` needs, so that it is quick when it is called."""
    _validator()


def is_ours(manifest: dict[str, Any]) -> bool:
    """Whether dagfloe made it, and so sealed it. A single damaged byte cannot hide all three signs."""
    sdk = manifest["sdk"]
    return sdk.get("language") == "python" or sdk.get("name") == "dagfloe" or "bundle" in manifest


@cache
def _validator() -> jsonschema.Draft202012Validator:
    import jsonschema  # noqa: PLC0415 - a tenth of a second, for few commands

    schema = json.loads(files(__package__).joinpath("manifest.schema.json").read_text("utf-8"))
    return jsonschema.Draft202012Validator(schema)
