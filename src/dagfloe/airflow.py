"""Dags from bundle files, for a Dag file in Airflow's Dags folder.

The Dag file is::

    from dagfloe.airflow import load_bundles

    load_bundles(globals(), "/opt/airflow/bundles")

Every bundle file in the folder gives the Dags that its manifest declares, as `dagfloe stub` would write them. This
module runs in Airflow's own Python, and needs nothing but what comes with Airflow.
"""

from __future__ import annotations

import linecache
import os
import re
import stat
import warnings
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.errors import DagfloeError
from dagfloe.format import trailer
from dagfloe.format.bundle_file import read_bundle, verify_bundle
from dagfloe.format.manifest import validate_manifest
from dagfloe.stub.dag_file import render_stub

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_COORDINATOR = "airflow.sdk.coordinators.executable.ExecutableCoordinator"


class BundleLoadError(DagfloeError):
    """Bundle files of which Airflow gets no Dag, or a folder of them that is not there."""


class BundleWarning(UserWarning):
    """A bundle file of which Airflow gets no Dag; those of the other files are not touched by it."""


def load_bundles(
    namespace: dict[str, Any], *roots: str | os.PathLike[str], queue: str | None = None, verify: bool = True
) -> None:
    """Put the Dags of all bundle files into a Dag file.

    What is wrong with a file is told in a `BundleWarning`, which Airflow logs, and the other files' Dags are made. An
    exception would be an import error, and Airflow schedules no Dag of a Dag file that has one: see `check_bundles`.

    Where two files have a Dag of the same id, Airflow's coordinator runs the one that it finds first: so it is that one
    which is shown, and a warning names the other.

    Args:
        namespace: the Dag file's `globals()`.
        roots: folders with bundle files, at any depth, or such files; when left out, those in which the configured
            `ExecutableCoordinator`s look.
        queue: the queue of all tasks; the one that the task declares, else `dagfloe`, when left out.
        verify: whether each file is read to its end, to see whether it is intact. The coordinator does so, too, before
            it runs a task.

    Raises:
        BundleLoadError: when a folder is not there, or none is given or configured.
    """
    dags, problems = _make_dags(_roots(namespace, roots), queue, verify=verify)
    namespace.update({f"bundled Dag {dag_id}": dag for dag_id, dag in dags.items()})
    for problem in problems:
        warnings.warn(problem, BundleWarning, stacklevel=2)


def check_bundles(namespace: dict[str, Any], *roots: str | os.PathLike[str], verify: bool = True) -> None:
    """Let a Dag file of its own, which has no Dags, show as an import error what is wrong with bundle files.

    Args:
        namespace: as for `load_bundles`.
        roots: as for `load_bundles`.
        verify: as for `load_bundles`.

    Raises:
        BundleLoadError: when something is wrong, naming all of it.
    """
    _, problems = _make_dags(_roots(namespace, roots), None, verify=verify)
    if problems:
        raise BundleLoadError("\n".join(problems))


def _make_dags(roots: Iterable[Path], queue: str | None, *, verify: bool) -> tuple[dict[str, Any], list[str]]:
    """The Dags by id, and what is wrong."""
    dags: dict[str, Any] = {}
    problems: list[str] = []
    owners: dict[str, Path] = {}
    for path in _bundle_files(roots, set()):
        try:
            manifest = _read(path, verify=verify)
        except DagfloeError as error:
            text = str(error)
            problems.append(text if text.startswith(str(path)) else f"{path}: {text}")
            continue
        for dag_id in manifest["dags"]:
            if dag_id in owners:
                problems.append(f"{path}: its Dag {dag_id!r} is in {owners[dag_id]}, too, which is found before it")
                continue
            owners[dag_id] = path
            try:
                dags[dag_id] = _dag(path, manifest, dag_id, queue)
            except Exception as error:  # noqa: BLE001 - whatever Airflow says to one Dag, the others are made
                problems.append(f"{path}: Airflow refuses its Dag {dag_id!r}: {type(error).__name__}: {error}")
    return dags, problems


def _bundle_files(paths: Iterable[Path], seen: set[tuple[int, int]]) -> Iterator[Path]:
    """The files that end as bundle files do, in the order in which Airflow's coordinator comes by them."""
    for path in paths:
        try:
            status = path.stat()
            if stat.S_ISDIR(status.st_mode):
                if (status.st_dev, status.st_ino) not in seen:  # links may lead back
                    seen.add((status.st_dev, status.st_ino))
                    yield from _bundle_files(list(path.iterdir()), seen)
            elif stat.S_ISREG(status.st_mode) and _may_be_started(path) and _has_magic(path):
                yield path
        except OSError:
            continue


def _may_be_started(path: Path) -> bool:
    """Whether the coordinator takes the file: that of Airflow 3.4 makes one executable which is not."""
    return os.access(path, os.X_OK) or _airflow_version() >= (3, 4)


def _has_magic(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(trailer.MAGIC)))
        return file.read() == trailer.MAGIC


def _read(path: Path, *, verify: bool) -> dict[str, Any]:
    """The manifest of a bundle file that this Airflow can run.

    Raises:
        DagfloeError: when it cannot.
    """
    from airflow.sdk.execution_time.schema import get_schema_version_migrator  # noqa: PLC0415 - slow, and Airflow's

    bundle = read_bundle(path)
    manifest = bundle.manifest
    if verify:
        verify_bundle(bundle)
    else:
        validate_manifest(manifest)
    version = manifest["sdk"]["supervisor_schema_version"]
    try:
        get_schema_version_migrator().resolve_version(version)
    except ValueError as error:
        raise BundleLoadError(
            f"{path}: it is built for another Airflow, with the supervisor's schema {version}"
        ) from error
    return manifest


def _dag(path: Path, manifest: dict[str, Any], dag_id: str, queue: str | None) -> Any:
    """A Dag, made by the text that `dagfloe stub` would write."""
    from airflow.sdk import DAG  # noqa: PLC0415 - Airflow's
    from airflow.sdk.definitions._internal.contextmanager import DagContext  # noqa: PLC0415 - Airflow's

    text = render_stub(manifest, [dag_id], queue=queue)
    name = f"<stub of {dag_id} in {path}>"
    # From here `task.stub` reads the source of its functions, and tracebacks show lines.
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    made: dict[str, Any] = {"__name__": name}
    # A Dag that fails halfway must not be taken as it is then.
    module, DagContext.current_autoregister_module_name = DagContext.current_autoregister_module_name, None
    try:
        exec(compile(text, name, "exec"), made)  # noqa: S102 - our own text, in which the manifest is data
    finally:
        DagContext.current_autoregister_module_name = module
    (dag,) = (value for value in made.values() if isinstance(value, DAG))
    # What Airflow would find wrong when it takes the Dag would be an import error of the whole Dag file.
    dag.validate()
    dag.check_cycle()
    return dag


def _roots(namespace: dict[str, Any], given: Iterable[str | os.PathLike[str]]) -> list[Path]:
    roots = [Path(root).expanduser() for root in given] or list(_configured_roots(namespace))
    if not roots:
        raise BundleLoadError(
            "no ExecutableCoordinator is configured in [sdk] coordinators: name the folder of the bundles"
        )
    for root in roots:
        if not root.exists():
            raise BundleLoadError(f"{root} does not exist: name the folder of the bundle files")
    return roots


def _configured_roots(namespace: dict[str, Any]) -> Iterator[Path]:
    """Where the configured coordinators look: in folders in Airflow 3.3, in a Dag bundle in 3.4."""
    from airflow.sdk.configuration import conf  # noqa: PLC0415 - Airflow's

    for spec in (conf.getjson("sdk", "coordinators", fallback={}) or {}).values():
        if spec.get("classpath") != _COORDINATOR:
            continue
        kwargs = spec.get("kwargs") or {}
        if "executables_root" in kwargs:
            roots = kwargs["executables_root"]
            yield from (Path(root).expanduser() for root in ([roots] if isinstance(roots, str) else roots))
        elif "task_handler_bundle_name" in kwargs:
            from airflow.dag_processing.bundles.manager import DagBundlesManager  # noqa: PLC0415 - Airflow's

            bundle = DagBundlesManager().get_bundle(kwargs["task_handler_bundle_name"])
            bundle.initialize()
            yield Path(bundle.path)
        else:  # the Dag's own Dag bundle, of which the Dag file's folder is a part
            yield Path(namespace["__file__"]).parent


def _airflow_version() -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", metadata.version("apache-airflow-core"))[:2]))
