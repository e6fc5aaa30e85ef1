"""The bundle files in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.declarations import declaration
from dagfloe.format.errors import ManifestError, PackError
from dagfloe.format.manifest import validate_manifest

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


def declared_queues(bundle: BundleFile) -> set[str]:
    """Return the queues that the tasks of a bundle file declare. Other SDKs declare none."""
    try:
        validate_manifest(bundle.manifest)
    except ManifestError:
        return set()
    declared = [declaration(bundle.manifest, dag_id) for dag_id in bundle.manifest["dags"]]
    tasks = [task for dag in declared if dag for task in dag["tasks"].values()]
    return {task["queue"] for task in tasks if "queue" in task}
