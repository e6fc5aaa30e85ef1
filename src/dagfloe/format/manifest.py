"""The manifest: the metadata and the digests of a bundle, as canonical YAML, and their schema. Pure."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from dagfloe.format.details import DETAILS, join, split
from dagfloe.format.errors import ManifestError
from dagfloe.format.yaml_reader import MAX_BYTES, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

    import jsonschema

#: A message quotes the wrong value, which may be long.
_MAX_MESSAGE = 300
_CACHE_DOMAIN = b"dagfloe cache digest v1\0"


class _Dumper(yaml.SafeDumper):
    """Writes a value that is in two places twice: aliases are not read."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's
        return True


def with_digests(metadata: dict[str, Any], binary_sha256: bytes, source: bytes) -> dict[str, Any]:
    """Add `digests` to the metadata of a bundle, which ties it to its file.

    Args:
        metadata: the metadata that the frozen program printed, and the build's additions.
        binary_sha256: digest of the executable region.
        source: the source region.
    """
    return {
        **metadata,
        "digests": {"cache": cache_digest(binary_sha256, source, metadata), "integrity": binary_sha256.hex()},
    }


def cache_digest(binary_sha256: bytes, source: bytes, manifest: dict[str, Any]) -> str:
    """The digest of all three regions: of the executable's digest, the source, and the manifest without `digests`.

    Args:
        binary_sha256: digest of the executable region.
        source: the source region.
        manifest: the manifest, with or without `digests`.
    """
    bare = {key: value for key, value in manifest.items() if key != "digests"}
    parts = (binary_sha256, hashlib.sha256(source).digest(), hashlib.sha256(render_manifest(bare)).digest())
    return hashlib.sha256(_CACHE_DOMAIN + b"".join(parts)).hexdigest()


def render_manifest(manifest: dict[str, Any]) -> bytes:
    """Write canonical YAML, in ASCII: keys sorted, one line for every value. Equal manifests give equal bytes.

    What only dagfloe reads is the last line: see `dagfloe.format.details`.

    Raises:
        ManifestError: if it is longer than `parse_manifest` allows.
    """
    plain, details = split(manifest)
    document: str = yaml.dump(plain, Dumper=_Dumper, sort_keys=True, default_flow_style=False, width=2**31)
    if details:
        document += f"{DETAILS}: |\n  {details}\n"
    if len(document) > MAX_BYTES:
        raise ManifestError(
            f"the manifest has {len(document)} bytes, and at most {MAX_BYTES} are allowed: shorten documentation, "
            "schemas and literal values of the Dags"
        )
    return document.encode("ascii")


def parse_manifest(data: bytes) -> dict[str, Any]:
    """Read a manifest's YAML, within the limits of `dagfloe.format.yaml_reader`, and the details in it.

    Raises:
        ManifestError: if it is not a mapping in YAML, or is beyond the limits.
    """
    try:
        manifest = read_yaml(data)
    except ManifestError as error:
        raise ManifestError(f"the manifest cannot be read: {error}") from error
    if not isinstance(manifest, dict):
        raise ManifestError("the manifest is not a mapping")
    return join(manifest)


def validate_manifest(manifest: dict[str, Any]) -> None:
    """Check a manifest, or metadata without `digests`, against the published schema.

    Raises:
        ManifestError: if it does not follow the schema. The message names the first wrong field.
    """
    # Sorted by field, so that the first error is always the same.
    errors = sorted((_field(error.absolute_path), error.message) for error in _validator().iter_errors(manifest))
    if errors:
        field, message = errors[0]
        shown = message if len(message) <= _MAX_MESSAGE else f"{message[:_MAX_MESSAGE]}..."
        raise ManifestError(f"the manifest does not follow its schema at {field[:_MAX_MESSAGE]}: {shown}")


def _field(path: Iterable[Any]) -> str:
    """The field of an error, such as `$.dags.etl.tasks[0]`. Keys of any type are shown."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def load_validator() -> None:
    """Load what `validate_manifest` needs, so that its first call is fast, too."""
    _validator()


def is_ours(manifest: dict[str, Any]) -> bool:
    """Whether dagfloe wrote the manifest. Any of three marks is enough, because one damaged byte may destroy one."""
    sdk = manifest["sdk"]
    return sdk.get("language") == "python" or sdk.get("name") == "dagfloe" or "bundle" in manifest


@cache
def _validator() -> jsonschema.Draft202012Validator:
    import jsonschema  # noqa: PLC0415 - takes a tenth of a second, and few commands need it

    schema = json.loads(files(__package__).joinpath("manifest.schema.json").read_text("utf-8"))
    return jsonschema.Draft202012Validator(schema)
