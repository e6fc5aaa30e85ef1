"""The source files of native Dags, which are parts of the source region. Airflow shows each Dag's own source. Pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from dagfloe.format.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_sources(region: bytes, manifest: Mapping[str, Any]) -> dict[str, bytes]:
    """Read the source files that a manifest lists, as Airflow 3.4 reads them.

    Args:
        region: the source region.
        manifest: a manifest that follows its schema.

    Returns:
        The content of each file by its path; nothing if the manifest lists none.

    Raises:
        ManifestError: if Airflow refuses the list: a file is not in the region, has another digest or is not UTF-8,
            two files have the same path, or a Dag's path is not in the list.
    """
    if manifest.get("sources") is None:
        return {}
    files: dict[str, bytes] = {}
    for source in manifest["sources"]:
        path, start, length = source["path"], source["offset"], source["length"]
        if path in files:
            raise ManifestError(f"the manifest lists two source files with the path {path!r}: build the file again")
        if not isinstance(start, int) or not isinstance(length, int):  # the schema takes 1.0 for an integer
            raise ManifestError(f"the offset and the length of the source file {path!r} must be integers")
        files[path] = region[start : start + length]
        if len(files[path]) != length:
            raise ManifestError(f"the source file {path!r} is longer than the source region: build the file again")
        if hashlib.sha256(files[path]).hexdigest() != source["sha256"]:
            raise ManifestError(f"the source file {path!r} is damaged: its digest is not the one in the manifest")
        _check_utf8(path, files[path])
    entrypoint = manifest.get("entrypoint_path")
    paths = {**(manifest.get("dag_source_paths") or {}), **({} if entrypoint is None else {"": entrypoint})}
    for path in paths.values():
        if path not in files:
            raise ManifestError(f"the manifest names the source file {path!r}, which it does not list: build it again")
    return files


def _check_utf8(path: str, content: bytes) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise ManifestError(f"the source file {path!r} is not UTF-8, so Airflow does not show it: {error}") from error


def source_path(manifest: Mapping[str, Any], dag_id: str) -> str | None:
    """The path of the source file that Airflow shows for a native Dag; None if it shows none.

    Args:
        manifest: a manifest that follows its schema.
        dag_id: the Dag.
    """
    if manifest.get("sources") is None:
        return None
    path: str | None = (manifest.get("dag_source_paths") or {}).get(dag_id, manifest.get("entrypoint_path"))
    return path
