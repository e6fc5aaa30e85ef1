"""Embeds the source files of native Dags into a bundle file, so that Airflow shows each Dag's own source.

Each file is a part of the source region. The main module's file is the first one, so that programs which know only one
source file show it, too.
"""

from __future__ import annotations

import hashlib
import io
import tokenize
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagfloe.build.inputs import ProjectInputs
    from dagfloe.build.project import Project


def embed_sources(project: Project, inputs: ProjectInputs, metadata: Mapping[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """Make the source region of a bundle file.

    Args:
        project: the project.
        inputs: its files.
        metadata: the bundle's metadata, which name the module of each Dag.

    Returns:
        The region, and what the manifest says about it: nothing for a bundle without native Dags, whose region is the
        main module's file.

    Raises:
        OSError: if a source file cannot be read.
    """
    native = {dag_id: dag.get("module") for dag_id, dag in metadata["dags"].items() if dag.get("is_native")}
    if not native:
        return inputs.read_module(project.source_file), {}
    files = {dag_id: _find_file(project, module) for dag_id, module in sorted(native.items())}
    region, sources = b"", []
    for path in dict.fromkeys([project.source_file, *filter(None, files.values())]):
        source = _to_utf8(inputs.read_module(path))
        digest = hashlib.sha256(source).hexdigest()
        sources.append({"path": _name(project, path), "offset": len(region), "length": len(source), "sha256": digest})
        region += source
    return region, {
        "dag_source_paths": {dag_id: _name(project, path) for dag_id, path in files.items() if path is not None},
        "entrypoint_path": _name(project, project.source_file),
        "sources": sources,
    }


def _find_file(project: Project, module: str | None) -> Path | None:
    """The source file of a module; None if the project has no such file. Then Airflow shows the main module's."""
    if module not in project.modules:
        return None
    base = project.source_root.joinpath(*module.split("."))
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)


def _name(project: Project, path: Path) -> str:
    return path.relative_to(project.source_root).as_posix()


def _to_utf8(source: bytes) -> bytes:
    """Airflow shows only UTF-8; a module may declare another encoding."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return source if encoding in ("utf-8", "utf-8-sig") else source.decode(encoding).encode()
