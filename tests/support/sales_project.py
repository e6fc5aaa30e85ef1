"""The project that the commands in docs/how-to/deploying-dags.md need."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dagfloe.format.manifest import render_manifest, with_digests
from dagfloe.format.trailer import Trailer
from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.loader import load_bundle
from dagfloe.runtime.metadata import bundle_metadata
from support.blocks import ROOT, read_blocks

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PAGE = ROOT / "docs" / "how-to" / "deploying-dags.md"
PROJECT = '[project]\nname = "sales"\nversion = "0.1.0"\n\n[tool.dagfloe]\nbundle = "shown_tasks:bundle"\n'


def prepare(folder: Path, bundle_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the project `sales` with the module of the page, and its bundle file with a program that does nothing.

    Args:
        folder: the parent of the project's folder.
        bundle_file: the path of the bundle file.
        monkeypatch: adds the project to the import path.
    """
    project = folder / "sales"
    project.mkdir()
    (project / "pyproject.toml").write_text(PROJECT, "utf-8")
    (project / "shown_tasks.py").write_text(read_blocks(PAGE)[0].content, "utf-8")
    monkeypatch.syspath_prepend(project)
    config = BundleConfig("shown_tasks:bundle", "sales", "0.1.0", "shown_tasks.py")
    binary = b"#!/bin/sh\n"
    digest = hashlib.sha256(binary).digest()
    manifest = render_manifest(with_digests(bundle_metadata(config, load_bundle(config)), digest, b""))
    bundle_file.write_bytes(binary + manifest + Trailer(0, len(manifest), digest).pack())
    bundle_file.chmod(0o755)
