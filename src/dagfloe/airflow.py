"""Loads Dags from bundle files, for a Dag file in Airflow's Dags folder.

The Dag file is::

    from dagfloe.airflow import load_bundles

    load_bundles(globals(), "/opt/airflow/bundles")

Every bundle file in the folder gives the Dags that its manifest declares, as `dagfloe stub` would write them. Native
Dags are left out, because Airflow gets them from the file itself. This module runs in Airflow's own Python, and needs
only packages that Airflow installs.
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
from dagfloe.format.declarations import is_native
from dagfloe.format.manifest import validate_manifest
from dagfloe.stub.dag_file import render_stub

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_COORDINATOR = "airflow.sdk.coordinators.executable.ExecutableCoordinator"


class BundleLoadError(DagfloeError):
    """Airflow gets no Dag from a bundle file, or a folder of bundle files does not exist."""


class BundleWarning(UserWarning):
    """Airflow gets no Dag from a bundle file. The Dags of the other files are loaded."""


def load_bundles(
    namespace: dict[str, Any], *roots: str | os.PathLike[str], queue: str | None = None, verify: bool = True
) -> None:
    """Add the Dags of all bundle files to a Dag file.

    If a bundle file is wrong, the function warns with a `BundleWarning`, which Airflow logs, and loads the other files.
    An exception would be an import error, and Airflow schedules no Dag of a Dag file with an import error. To see the
    problems as import errors, call `check_bundles` in a second Dag file.

    If two files have a Dag with the same dag_id, Airflow's coordinator runs the one that it finds first. So that one is
    loaded, and a warning names the other.

    Args:
        namespace: the Dag file's `globals()`.
        roots: folders that hold bundle files, at any depth, or bundle files. By default, the folders of the configured
            `ExecutableCoordinator`s.
        queue: the queue of all tasks. By default, the queue that the task declares, or else `dagfloe`.
        verify: whether to verify the files' digests, for which the whole file is read. The coordinator does that, too,
            before it runs a task.

    Raises:
        BundleLoadError: if a folder does not exist, or if no folder is given or configured.
    """
    dags, problems = _make_dags(_resolve_roots(namespace, roots), queue, verify=verify)
    namespace.update({f"bundled Dag {dag_id}": dag for dag_id, dag in dags.items()})
    for problem in problems:
        warnings.warn(problem, BundleWarning, stacklevel=2)


def check_bundles(namespace: dict[str, Any], *roots: str | os.PathLike[str], verify: bool = True) -> None:
    """Raise an error if a bundle file is wrong, so that Airflow shows it as an import error.

    Call it in a Dag file that has no Dags.

    Args:
        namespace: as for `load_bundles`.
        roots: as for `load_bundles`.
        verify: as for `load_bundles`.

    Raises:
        BundleLoadError: if anything is wrong. The message lists all problems.
    """
    _, problems = _make_dags(_resolve_roots(namespace, roots), None, verify=verify)
    if problems:
        raise BundleLoadError("\n".join(problems))


def _make_dags(roots: Iterable[Path], queue: str | None, *, verify: bool) -> tuple[dict[str, Any], list[str]]:
    """The Dags by dag_id, and the problems."""
    dags: dict[str, Any] = {}
    problems: list[str] = []
    owners: dict[str, Path] = {}
    for path in _bundle_files(roots, set()):
        try:
            manifest = _read_manifest(path, verify=verify)
        except DagfloeError as error:
            message = str(error)
            problems.append(message if message.startswith(str(path)) else f"{path}: {message}")
            continue
        for dag_id in (dag_id for dag_id in manifest["dags"] if not is_native(manifest, dag_id)):
            if dag_id in owners:
                problems.append(
                    f"{path}: its Dag {dag_id!r} is also in {owners[dag_id]}, which Airflow finds first: "
                    "remove one of the files, or rename one of the Dags"
                )
                continue
            owners[dag_id] = path
            try:
                dags[dag_id] = _make_dag(path, manifest, dag_id, queue)
            except Exception as error:  # noqa: BLE001 - a Dag that Airflow refuses must not stop the others
                problems.append(f"{path}: Airflow refuses its Dag {dag_id!r}: {type(error).__name__}: {error}")
    return dags, problems


def _bundle_files(paths: Iterable[Path], seen: set[tuple[int, int]]) -> Iterator[Path]:
    """The files that end as bundle files do, in the order in which Airflow's coordinator finds them."""
    for path in paths:
        try:
            status = path.stat()
            if stat.S_ISDIR(status.st_mode):
                if (status.st_dev, status.st_ino) not in seen:  # links may lead back
                    seen.add((status.st_dev, status.st_ino))
                    yield from _bundle_files(list(path.iterdir()), seen)
            elif stat.S_ISREG(status.st_mode) and _is_startable(path) and _has_magic(path):
                yield path
        except OSError:
            continue


def _is_startable(path: Path) -> bool:
    """Whether the coordinator accepts the file. In Airflow 3.4, it makes files executable itself."""
    return os.access(path, os.X_OK) or _airflow_version() >= (3, 4)


def _has_magic(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(trailer.MAGIC)))
        return file.read() == trailer.MAGIC


def _read_manifest(path: Path, *, verify: bool) -> dict[str, Any]:
    """The manifest of a bundle file that this Airflow can run.

    Raises:
        DagfloeError: if the file is wrong, or is for another Airflow.
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
            f"{path}: it is built for another Airflow, with the supervisor's schema {version}: build it for this one"
        ) from error
    return manifest


def _make_dag(path: Path, manifest: dict[str, Any], dag_id: str, queue: str | None) -> Any:
    """Execute the code that `dagfloe stub` would write for a Dag."""
    from airflow.sdk import DAG  # noqa: PLC0415 - Airflow's
    from airflow.sdk.definitions._internal.contextmanager import DagContext  # noqa: PLC0415 - Airflow's

    code = render_stub(manifest, [dag_id], queue=queue)
    name = f"<stub of {dag_id} in {path}>"
    # `task.stub` and tracebacks read the source of functions from here.
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {"__name__": name}
    # Without a module name, Airflow does not register a Dag whose code fails halfway.
    module, DagContext.current_autoregister_module_name = DagContext.current_autoregister_module_name, None
    try:
        exec(compile(code, name, "exec"), namespace)  # noqa: S102 - our own code, in which the manifest is data
    finally:
        DagContext.current_autoregister_module_name = module
    (dag,) = (value for value in namespace.values() if isinstance(value, DAG))
    # Airflow would check these later, and a failure would be an import error of the whole Dag file.
    dag.validate()
    dag.check_cycle()
    return dag


def _resolve_roots(namespace: dict[str, Any], roots: Iterable[str | os.PathLike[str]]) -> list[Path]:
    paths = [Path(root).expanduser() for root in roots] or list(_configured_roots(namespace))
    if not paths:
        raise BundleLoadError(
            "no ExecutableCoordinator is configured in [sdk] coordinators: name the folder of the bundle files"
        )
    for path in paths:
        if not path.exists():
            raise BundleLoadError(f"{path} does not exist: name the folder of the bundle files")
    return paths


def _configured_roots(namespace: dict[str, Any]) -> Iterator[Path]:
    """The folders of the configured coordinators. In Airflow 3.4, the setting names a Dag bundle."""
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
        else:  # the default is the Dag bundle of the Dag file
            yield Path(namespace["__file__"]).parent


def _airflow_version() -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", metadata.version("apache-airflow-core"))[:2]))
