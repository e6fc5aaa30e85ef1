"""The checks of required Dags: each has a bundle file that Airflow would start here, and that file can run here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagfloe.build.program_store import warm
from dagfloe.cli.doctor.bundle_checks import check_startup, host_problem
from dagfloe.cli.doctor.check import FAILED, OK, Check
from dagfloe.cli.doctor.folder_checks import check_free_space
from dagfloe.cli.doctor.host_checks import check_loopback, check_temporary_folder
from dagfloe.cli.doctor.readiness.places import Place, find_places
from dagfloe.cli.doctor.readiness.search import search
from dagfloe.cli.show.terminal_text import to_one_line
from dagfloe.format.errors import PackError
from dagfloe.format.manifest import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dagfloe.format.bundle_file import BundleFile

_EFFECT = "tasks fail here with an empty log, and the worker's log has `cannot find executable bundle`"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What was found of a required Dag.

    Attributes:
        dag_id: the Dag.
        files: the bundle files that Airflow would start for it, one for each coordinator that has one.
        ready: whether all of them can run here, and there is one.
    """

    dag_id: str
    files: tuple[str, ...]
    ready: bool


def check_readiness(
    dag_ids: tuple[str, ...], folder: Path | None, env: Mapping[str, str], release: tuple[int, int] | None
) -> tuple[list[Requirement], list[Check]]:
    """Check whether this host can run the tasks of Dags, as this user and in this environment.

    The check starts the bundle files, which unpack themselves.

    Args:
        dag_ids: the Dags.
        folder: the folder with the bundle files; by default those of Airflow's settings.
        env: the environment.
        release: the major and the minor version of Airflow; None if they are unknown.
    """
    dag_ids = tuple(dict.fromkeys(dag_ids))
    checks = [check_loopback(), check_temporary_folder()]
    places, problems = ([Place((folder,))], []) if folder else find_places(env, release, dag_ids)
    if problems:
        return [Requirement(dag_id, (), ready=False) for dag_id in dag_ids], [*checks, *problems]
    searches = [search(place, dag_ids, release) for place in places]
    bundles = {bundle.path: bundle for found in searches for bundle in found.files.values()}
    results = {path: [*_check_file(bundle)] for path, bundle in bundles.items()}
    requirements = []
    for dag_id in dag_ids:
        paths = dict.fromkeys(found.files[dag_id].path for found in searches if dag_id in found.files)
        ready = bool(paths) and all(check.state != FAILED for path in paths for check in results[path])
        requirements.append(Requirement(dag_id, tuple(map(str, paths)), ready=ready))
        if paths:
            checks += [Check("required Dag", OK, f"{to_one_line(dag_id)}: {to_one_line(str(path))}") for path in paths]
        else:
            rejected = [reason for found in searches for reason in found.rejected.get(dag_id, ())]
            checks.append(_missing(dag_id, places, rejected))
    return requirements, [*checks, *(check for found in results.values() for check in found)]


def _missing(dag_id: str, places: Sequence[Place], rejected: Sequence[str]) -> Check:
    roots = dict.fromkeys(root for place in places if not place.only_native for root in place.roots)
    label, where = to_one_line(dag_id), ", ".join(map(_describe, roots))
    if rejected:
        text = f"{label}: Airflow uses none of its files: {'; '.join(dict.fromkeys(rejected))}"
        return Check("required Dag", FAILED, text, f"replace the file; until then, {_EFFECT}")
    text = f"{label}: no bundle file with this Dag in {where}"
    return Check("required Dag", FAILED, text, f"copy the file there; until then, {_EFFECT}")


def _describe(root: Path) -> str:
    """Return a folder's name, and why it cannot be searched."""
    try:
        is_readable = root.is_dir() and os.access(root, os.R_OK | os.X_OK)
    except (OSError, ValueError):
        is_readable = False
    return f"{to_one_line(str(root))}{'' if is_readable else ', which is not a folder that this user can read'}"


def _check_file(bundle: BundleFile) -> Iterator[Check]:
    """Check that a bundle file, whose digest is right, runs on this host."""
    path, label = bundle.path, to_one_line(str(bundle.path))
    if problem := host_problem(bundle):
        yield Check("requirements", FAILED, f"{label}: {problem}", "build it for this host")
        return
    if not os.access(path, os.X_OK):
        yield Check("startup", FAILED, f"{label} is not executable for this user", f"chmod +x {label}")
        return
    is_own = is_ours(bundle.manifest)
    started = [*check_startup(path, sorted(map(str, bundle.manifest["dags"])), is_ours=is_own)]
    yield from started
    if is_own and started[0].state != FAILED:
        try:
            yield check_free_space(warm(path))
        except PackError:
            return  # a file that unpacks itself at every start, in a temporary folder
