"""Where the coordinators of this host look for the bundle files of Dags. Airflow is not imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagfloe.cli.doctor.airflow_settings import AirflowSettings, SettingError
from dagfloe.cli.doctor.check import FAILED, OK, Check
from dagfloe.cli.doctor.coordinator_checks import (
    DAG_BUNDLE_RELEASE,
    check_dag_bundle_names,
    check_kwargs,
    check_queues,
    executable_roots,
    kwargs_of,
    runs_bundle_files,
)
from dagfloe.cli.doctor.dag_bundles import read_dag_bundles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dagfloe.cli.doctor.dag_bundles import DagBundle

_NAME_THE_FOLDER = "or name the folder: dagfloe doctor --require DAG FOLDER"


@dataclass(frozen=True, slots=True)
class Place:
    """Folders that Airflow searches as one.

    Attributes:
        roots: the folders, in Airflow's order. One of them may also be a file.
        only_native: whether only native Dags run from files in this place.
    """

    roots: tuple[Path, ...]
    only_native: bool = False


def find_places(
    env: Mapping[str, str], release: tuple[int, int] | None, dag_ids: tuple[str, ...]
) -> tuple[list[Place], list[Check]]:
    """Find the places that Airflow's settings on this host name.

    Args:
        env: the environment.
        release: the major and the minor version of Airflow; None if they are unknown.
        dag_ids: the Dags that are searched for; only messages show them.

    Returns:
        The places, and a failed check for each mistake in the settings that makes tasks of bundle files fail here.
    """
    try:
        settings = AirflowSettings(env)
        if settings.exist:
            return _Places(settings, release).find()
        problem, cure = f"not configured here: {settings.file} does not exist", f"set AIRFLOW_HOME, {_NAME_THE_FOLDER}"
    except SettingError as error:
        problem, cure = str(error), f"correct it, {_NAME_THE_FOLDER}"
    return [], [Check("Airflow", FAILED, problem, cure.replace("DAG", dag_ids[0], 1))]


class _Places:
    """The places of one configuration.

    Args:
        settings: the configuration.
        release: as for `find_places`.
    """

    def __init__(self, settings: AirflowSettings, release: tuple[int, int] | None) -> None:
        self._settings = settings
        self._release = release
        self._has_dag_bundles = release is None or release >= DAG_BUNDLE_RELEASE

    def find(self) -> tuple[list[Place], list[Check]]:
        """Return the places and the failed checks.

        Raises:
            SettingError: if a setting cannot be read.
        """
        coordinators: dict[str, Any] = self._settings.get_json("sdk", "coordinators", {})
        queues: dict[str, Any] = self._settings.get_json("sdk", "queue_to_coordinator", {})
        executable = {name: entry for name, entry in coordinators.items() if runs_bundle_files(entry)}
        dag_bundles = read_dag_bundles(self._settings) if self._has_dag_bundles else {}
        problems = [*self._check(coordinators, executable, queues, dag_bundles)]
        if problems:
            return [], problems
        used = {str(coordinator) for coordinator in queues.values()}
        places = dict.fromkeys(
            place for name, entry in executable.items() if name in used for place in self._of(entry, dag_bundles)
        )
        # A task of a native Dag runs from the file that returned the Dag, which may be in any Dag bundle.
        native = [Place((bundle.folder,), only_native=True) for bundle in dag_bundles.values() if bundle.folder]
        return [*places, *native], []

    def _check(
        self,
        coordinators: Mapping[str, Any],
        executable: Mapping[str, Any],
        queues: Mapping[str, Any],
        dag_bundles: Mapping[str, DagBundle],
    ) -> Iterator[Check]:
        """Yield a failed check for each mistake that makes the tasks of bundle files fail."""
        if not executable:
            cure = "dagfloe settings FOLDER prints the settings for a folder of bundle files"
            yield Check("coordinators", FAILED, "none is for bundle files", cure)
            return
        check = check_queues(queues, coordinators, [*executable])
        if check.state != OK:
            yield Check(check.name, FAILED, check.text, check.cure)
        if self._has_dag_bundles:
            yield from check_dag_bundle_names(coordinators, queues, dag_bundles)
        used = {str(coordinator) for coordinator in queues.values()}
        for name, entry in executable.items():
            if name in used:
                yield from check_kwargs(name, entry, self._release, is_used=True)

    def _of(self, coordinator: Mapping[str, Any], dag_bundles: Mapping[str, DagBundle]) -> Iterator[Place]:
        """Yield the places of one coordinator.

        Raises:
            SettingError: if its folder is not known.
        """
        kwargs = kwargs_of(coordinator)
        if "executables_root" in kwargs or not self._has_dag_bundles:
            yield Place(executable_roots(coordinator))
            return
        name = kwargs.get("task_handler_bundle_name")
        if name is None:  # Airflow looks in the Dag bundle of the Dag file, which may be any of them
            for dag_bundle in dag_bundles.values():
                if dag_bundle.folder:
                    yield Place((dag_bundle.folder,))
        elif folder := dag_bundles[name].folder:
            yield Place((folder,))
        else:
            raise SettingError("the Dag bundle of the coordinator is not a local folder, so dagfloe cannot search it")
