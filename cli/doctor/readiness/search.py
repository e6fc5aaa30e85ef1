"""Finds the bundle file of a Dag by the rule of Airflow's coordinator.

The coordinator walks its folders in the order in which the file system lists them, and takes the first file with the
Dag that it can use. So the order here is the file system's, too, and not sorted.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagfloe.cli.doctor.airflow_version import release_of
from dagfloe.cli.doctor.coordinator_checks import DAG_BUNDLE_RELEASE
from dagfloe.cli.show.terminal_text import to_one_line
from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.digests import sha256_of
from dagfloe.format.errors import PackError
from dagfloe.runtime.config import SCHEMA_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from dagfloe.cli.doctor.readiness.places import Place
    from dagfloe.format.bundle_file import BundleFile


@dataclass(slots=True)
class Search:
    """What a search found.

    Attributes:
        files: the file of each dag_id that Airflow would start.
        rejected: for each dag_id, the files that Airflow does not use, each with the reason.
    """

    files: dict[str, BundleFile] = field(default_factory=dict)
    rejected: dict[str, list[str]] = field(default_factory=dict)


def search(place: Place, dag_ids: Iterable[str], release: tuple[int, int] | None) -> Search:
    """Search a place for the bundle files of Dags.

    Args:
        place: the place.
        dag_ids: the Dags.
        release: the major and the minor version of Airflow; None if they are unknown.
    """
    result, missing = Search(), {*dag_ids}
    for path in _walk(place.roots, set()):
        if not missing:
            break
        try:
            bundle = read_bundle(path)
            dags = bundle.manifest.get("dags")
        except PackError:
            continue  # as Airflow does
        in_file = missing.intersection(dags) if isinstance(dags, dict) else set()
        if place.only_native:
            in_file = {dag_id for dag_id in in_file if _is_native(bundle, dag_id)}
        if not in_file:
            continue
        problem = _problem_of(bundle, release, is_native=place.only_native)
        for dag_id in in_file:
            if problem:
                result.rejected.setdefault(dag_id, []).append(f"{to_one_line(str(path))}: {problem}")
            else:
                result.files[dag_id] = bundle
                missing.discard(dag_id)
    return result


def _walk(items: Iterable[Path], seen: set[tuple[int, int]]) -> Iterator[Path]:
    """Yield the regular files in folders and their subfolders, each folder once. Links are followed."""
    for item in items:
        try:
            status = item.stat()
            if stat.S_ISREG(status.st_mode):
                yield item
            elif stat.S_ISDIR(status.st_mode) and (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                yield from _walk([*item.iterdir()], seen)
        except (OSError, ValueError):
            continue


def _is_native(bundle: BundleFile, dag_id: str) -> bool:
    """Whether a Dag is native. Files of other SDKs do not say so, but list the sources of native Dags."""
    dag, sources = bundle.manifest["dags"][dag_id], bundle.manifest.get("dag_source_paths")
    return (isinstance(dag, dict) and dag.get("is_native") is True) or (isinstance(sources, dict) and dag_id in sources)


def _problem_of(bundle: BundleFile, release: tuple[int, int] | None, *, is_native: bool) -> str:
    """Return why Airflow does not use a file, or an empty string."""
    if release is not None and release < DAG_BUNDLE_RELEASE and not os.access(bundle.path, os.X_OK):
        return "it is not executable for this user, so Airflow ignores it"
    if is_native and bundle.path.suffix:
        return "Airflow looks for native Dags only in files whose names have no suffix"
    if problem := _schema_problem(bundle.manifest, release):
        return problem
    # Last, because it reads the whole file.
    try:
        is_intact = sha256_of(bundle.path, bundle.binary_len) == bundle.trailer.binary_sha256
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    return "" if is_intact else "it is damaged: its digest is not the one in its trailer"


def _schema_problem(manifest: dict[str, Any], release: tuple[int, int] | None) -> str:
    sdk = manifest.get("sdk")
    schema = sdk.get("supervisor_schema_version") if isinstance(sdk, dict) else None
    if not isinstance(schema, str) or not schema:
        return "its manifest does not name a supervisor schema version"
    known = {version: release_of(airflow) for airflow, version in SCHEMA_VERSIONS.items()}
    if release is None or release > max(filter(None, known.values())):
        return ""  # that Airflow may know others
    if schema not in known or (known[schema] or release) > release:
        version = ".".join(map(str, release))
        return f"Airflow {version} does not know its supervisor schema version {to_one_line(schema)}"
    return ""
