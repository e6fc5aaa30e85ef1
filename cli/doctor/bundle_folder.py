"""The bundle files in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dagfloe.format.bundle_file import BundleFile


def read_bundles(folder: Path) -> Iterator[BundleFile]:
    """Yield the bundle files in a folder and its subfolders. Airflow ignores other files, too."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            bundle = read_bundle(path)
            sorted(map(str, bundle.manifest["dags"]))
        except (PackError, LookupError, TypeError):
            continue
        yield bundle
