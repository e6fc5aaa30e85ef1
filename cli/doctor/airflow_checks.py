"""Checks whether the Airflow that is configured on this host finds its bundle files. Airflow is not imported.

Of Airflow's settings, the results show only folders and the names of settings, coordinators, queues and Dag bundles.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dagfloe.cli.doctor.airflow_settings import AirflowSettings, ExternalSettingError, SettingError
from dagfloe.cli.doctor.airflow_version import find_version, release_of
from dagfloe.cli.doctor.bundle_checks import host_problem
from dagfloe.cli.doctor.bundle_folder import declared_queues, read_bundles
from dagfloe.cli.doctor.check import FAILED, OK, WARNING, Check
from dagfloe.cli.doctor.coordinator_checks import (
    DAG_BUNDLE_RELEASE,
    check_dag_bundle_names,
    check_declared_queues,
    check_kwargs,
    check_parsers,
    check_queues,
    executable_roots,
    kwargs_of,
    runs_bundle_files,
)
from dagfloe.cli.doctor.dag_bundles import dags_folder, read_dag_bundles
from dagfloe.cli.show.terminal_text import to_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dagfloe.cli.doctor.dag_bundles import DagBundle
    from dagfloe.format.bundle_file import BundleFile

_COORDINATORS_CURE = "dagfloe settings FOLDER prints the settings for a folder of bundle files"


def check_airflow(env: Mapping[str, str], version: str = "") -> Iterator[Check]:
    """Check the coordinators and queues of Airflow's settings, and the bundle files in the folders that they name.

    Args:
        env: the environment.
        version: the version of Airflow; by default that of the Airflow on this host.
    """
    try:
        settings = AirflowSettings(env)
        if not settings.exist:
            yield Check("Airflow", OK, f"not configured here: {settings.file} does not exist")
            return
        version = version or find_version(env)
        yield _check_version(version)
        yield from _AirflowChecks(settings, release_of(version)).run()
    except ExternalSettingError as error:
        yield Check("Airflow", WARNING, str(error), "make sure that it leads to the folder with the bundle files")
    except SettingError as error:
        yield Check("Airflow", FAILED, str(error), "correct it; until then, Airflow cannot start bundle files")


def _check_version(version: str) -> Check:
    if version:
        return Check("Airflow", OK, f"version {to_one_line(version)}")
    text = "its version is unknown, so settings that only Airflow 3.3 or 3.4 has are not checked"
    return Check("Airflow", WARNING, text, "add its command airflow to PATH, or name the version: --airflow 3.4")


class _AirflowChecks:
    """The checks of one configuration.

    Args:
        settings: the configuration.
        release: the major and the minor version of Airflow; None if they are unknown.
    """

    def __init__(self, settings: AirflowSettings, release: tuple[int, int] | None) -> None:
        self._settings = settings
        self._release = release
        self._has_dag_bundles = release is None or release >= DAG_BUNDLE_RELEASE
        self._dag_bundles: dict[str, DagBundle] = {}
        #: The bundle file of each dag_id.
        self._files: dict[str, Path] = {}
        #: A bundle file of each queue that tasks declare.
        self._queues: dict[str, Path] = {}

    def run(self) -> Iterator[Check]:
        """Yield the results.

        Raises:
            SettingError: if a setting cannot be read.
        """
        coordinators: dict[str, Any] = self._settings.get_json("sdk", "coordinators", {})
        queues: dict[str, Any] = self._settings.get_json("sdk", "queue_to_coordinator", {})
        executable = {name: entry for name, entry in coordinators.items() if runs_bundle_files(entry)}
        if executable:
            yield Check("coordinators", OK, f"for bundle files: {to_one_line(', '.join(executable))}")
        else:
            yield Check("coordinators", WARNING, "none is for bundle files", _COORDINATORS_CURE)
        if executable or queues:
            yield check_queues(queues, coordinators, [*executable])
        if self._has_dag_bundles and coordinators:
            self._dag_bundles = read_dag_bundles(self._settings)
            yield from check_dag_bundle_names(coordinators, queues, self._dag_bundles)
        mapping: dict[str, Any] = {}
        if self._has_dag_bundles:
            mapping = self._settings.get_json("sdk", "dag_bundle_to_coordinator", {})
        used = {str(coordinator) for coordinator in (*queues.values(), *mapping.values())}
        folders: dict[Path, None] = {}
        for name, entry in executable.items():
            wrong = [*check_kwargs(name, entry, self._release, is_used=name in used)]
            yield from wrong
            if not wrong:
                yield from self._find_folders(entry, folders)
        for folder in folders:
            yield from self._check_folder(folder)
        if executable and self._release is not None and self._has_dag_bundles:
            yield from self._check_scanned(executable, mapping, folders)
        yield from check_declared_queues(self._queues, queues)

    def _find_folders(self, coordinator: Mapping[str, Any], folders: dict[Path, None]) -> Iterator[Check]:
        """Add the folders in which a coordinator looks for bundle files.

        Airflow 3.3 names them in `executables_root`; Airflow 3.4 uses a Dag bundle.

        Raises:
            SettingError: if the settings name no folder.
        """
        kwargs = kwargs_of(coordinator)
        if "executables_root" in kwargs or not self._has_dag_bundles:
            folders.update(dict.fromkeys(executable_roots(coordinator)))
            return
        name = kwargs.get("task_handler_bundle_name")
        if name is None:
            folders[dags_folder(self._settings)] = None  # Airflow 3.4 looks in the Dag bundle of the Dag file
        elif isinstance(name, str) and (dag_bundle := self._dag_bundles.get(name)):
            if dag_bundle.folder:
                folders[dag_bundle.folder] = None
            else:
                text = f"the Dag bundle {to_one_line(name)} is not a local folder, so its bundle files are not checked"
                yield Check("Dag bundles", WARNING, text, "make sure that it contains the bundle files")

    def _check_scanned(
        self, executable: Mapping[str, Any], mapping: Mapping[str, Any], checked: Mapping[Path, None]
    ) -> Iterator[Check]:
        """Check what Airflow 3.4 does with the bundle files in all Dag bundles: it asks them for native Dags."""
        with_files = []
        for dag_bundle in self._dag_bundles.values():
            if dag_bundle.folder is None:
                continue
            bundles = [*read_bundles(dag_bundle.folder)]
            if bundles:
                with_files.append(dag_bundle)
            for bundle in bundles:
                if not any(bundle.path.is_relative_to(folder) for folder in checked):
                    yield self._check_bundle(bundle)
        yield from check_parsers(executable, mapping, with_files)

    def _check_folder(self, folder: Path) -> Iterator[Check]:
        """Check the bundle files in a folder and its subfolders."""
        name, label = "bundle folder", to_one_line(str(folder))
        try:
            is_readable = folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)
        except (OSError, ValueError):
            is_readable = False
        if not is_readable:
            text = f"{label} does not exist, or is not readable"
            yield Check(name, FAILED, text, "create the folder, or correct the setting")
            return
        bundles = [*read_bundles(folder)]
        for bundle in bundles:
            yield self._check_bundle(bundle)
        if bundles:
            yield Check(name, OK, f"{label}: {len(bundles)} bundle file{'' if len(bundles) == 1 else 's'}")
        else:
            yield Check(name, WARNING, f"{label} has no bundle file", "copy the output of dagfloe build there")

    def _check_bundle(self, bundle: BundleFile) -> Check:
        path, dag_ids = bundle.path, sorted(map(str, bundle.manifest["dags"]))
        name, label = "bundle file", to_one_line(str(path))
        duplicates = [dag_id for dag_id in dag_ids if self._files.get(dag_id, path) != path]
        self._files.update(dict.fromkeys(dag_ids, path))
        self._queues.update(dict.fromkeys(declared_queues(bundle), path))
        if problem := host_problem(bundle):
            return Check(name, FAILED, f"{label}: {problem}", "build it for this host")
        if self._expects_native_dags(bundle) and path.suffix:
            text = f"{label}: Airflow looks for native Dags only in files whose names have no suffix"
            return Check(name, FAILED, text, f"mv {label} {to_one_line(str(_without_suffix(path)))}")
        if not os.access(path, os.X_OK):
            if self._release is not None and self._has_dag_bundles:
                text = f"{label} is not executable; Airflow starts it only if it owns the file"
                return Check(name, WARNING, text, f"chmod +x {label}")
            return Check(name, FAILED, f"{label} is not executable, so Airflow ignores it", f"chmod +x {label}")
        if duplicates:
            text = f"{label}: another file has {to_one_line(', '.join(duplicates))}, too"
            return Check(name, WARNING, text, "remove one of them; Airflow uses the first that it finds")
        return Check(name, OK, f"{label}: {to_one_line(', '.join(dag_ids))}")

    def _expects_native_dags(self, bundle: BundleFile) -> bool:
        """Whether the Dag processor of this Airflow should get Dags from the file itself."""
        if self._release is None or not self._has_dag_bundles:
            return False
        dags = bundle.manifest["dags"].values()
        # Files of other SDKs do not say which Dags are native. They list the sources of native Dags.
        is_native = any(isinstance(dag, dict) and dag.get("is_native") is True for dag in dags)
        return is_native or bool(bundle.manifest.get("dag_source_paths"))


def _without_suffix(path: Path) -> Path:
    """Return the name of a bundle file that Airflow asks for native Dags."""
    return path.with_name(path.name.replace(".", "-"))
