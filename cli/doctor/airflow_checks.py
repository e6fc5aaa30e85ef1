"""Checks whether the Airflow that is configured on this host finds its bundle files. Airflow is not imported.

Of Airflow's settings, the results show only folders and the names of coordinators, queues and Dag bundles.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.cli.doctor.airflow_settings import AirflowSettings, ExternalSettingError, SettingError
from dagfloe.cli.doctor.bundle_checks import host_problem
from dagfloe.cli.doctor.check import FAILED, OK, WARNING, Check
from dagfloe.cli.show.terminal_text import to_one_line
from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLASS = "airflow.sdk.coordinators.executable.ExecutableCoordinator"
_COORDINATORS_CURE = (
    f'add to [sdk]: coordinators = {{"dagfloe": {{"classpath": "{_CLASS}", '
    '"kwargs": {"executables_root": ["FOLDER"]}}}'
)
_LOCAL_BUNDLE = ".LocalDagBundle"


def check_airflow(env: Mapping[str, str]) -> Iterator[Check]:
    """Check the coordinators and queues of Airflow's settings, and the bundle files in the folders that they name."""
    try:
        settings = AirflowSettings(env)
        if not settings.exist:
            yield Check("Airflow", OK, f"not configured here: {settings.file} does not exist")
            return
        coordinators: dict[str, Any] = settings.get_json("sdk", "coordinators", {})
        executable = {name: entry for name, entry in coordinators.items() if _runs_bundle_files(entry)}
        if not executable:
            yield Check("coordinators", WARNING, "none is for bundle files", _COORDINATORS_CURE)
            return
        yield Check("coordinators", OK, f"for bundle files: {to_one_line(', '.join(executable))}")
        yield _check_queues(settings.get_json("sdk", "queue_to_coordinator", {}), set(coordinators), set(executable))
        folders = [folder for entry in executable.values() for folder in _folders(entry, settings)]
    except ExternalSettingError as error:
        yield Check("Airflow", WARNING, str(error), "make sure that it leads to the folder with the bundle files")
        return
    except SettingError as error:
        yield Check("Airflow", FAILED, str(error), "correct it; until then, Airflow cannot start bundle files")
        return
    seen: dict[str, Path] = {}
    for folder in dict.fromkeys(folders):
        yield from _check_folder(folder, seen)


def _runs_bundle_files(coordinator: object) -> bool:
    return isinstance(coordinator, dict) and str(coordinator.get("classpath")).endswith(".ExecutableCoordinator")


def _folders(coordinator: Mapping[str, Any], settings: AirflowSettings) -> list[Path]:
    """Return the folders in which a coordinator looks for bundle files.

    Airflow 3.3 names them in `executables_root`; Airflow 3.4 uses a Dag bundle.

    Raises:
        SettingError: if the settings name no folder.
    """
    kwargs = coordinator.get("kwargs")
    kwargs = kwargs if isinstance(kwargs, dict) else {}
    if "executables_root" in kwargs:
        roots = kwargs["executables_root"]
        names = [root for root in (roots if isinstance(roots, list) else [roots]) if isinstance(root, str) and root]
        if not names:
            raise SettingError("executables_root of the coordinator names no folder")
        return [Path(name).expanduser() for name in names]
    dags_folder = Path(settings.get("core", "dags_folder") or settings.home / "dags")
    name = kwargs.get("task_handler_bundle_name")
    if name is None:
        return [dags_folder]  # Airflow 3.4 looks next to the Dag file
    for dag_bundle in settings.get_json("dag_processor", "dag_bundle_config_list", []):
        if isinstance(dag_bundle, dict) and dag_bundle.get("name") == name:
            return [_dag_bundle_folder(dag_bundle, dags_folder)]
    raise SettingError(f"[dag_processor] dag_bundle_config_list has no Dag bundle {to_one_line(str(name))}")


def _dag_bundle_folder(dag_bundle: Mapping[str, Any], default: Path) -> Path:
    """Return the folder of a Dag bundle.

    Raises:
        ExternalSettingError: if the Dag bundle is not a local folder.
    """
    if not str(dag_bundle.get("classpath")).endswith(_LOCAL_BUNDLE):
        raise ExternalSettingError(f"the Dag bundle {to_one_line(str(dag_bundle['name']))} is not a local folder")
    kwargs = dag_bundle.get("kwargs")
    path = kwargs.get("path") if isinstance(kwargs, dict) else None
    return Path(path) if isinstance(path, str) and path else default


def _check_queues(queues: Mapping[str, Any], coordinators: set[str], executable: set[str]) -> Check:
    """Check that every queue has a coordinator, and that one of them is for bundle files."""
    unknown = sorted(str(queue) for queue, coordinator in queues.items() if str(coordinator) not in coordinators)
    if unknown:
        text = f"[sdk] coordinators does not define the coordinator of {to_one_line(', '.join(unknown))}"
        return Check("queues", FAILED, text, "correct [sdk] queue_to_coordinator")
    usable = sorted(str(queue) for queue, coordinator in queues.items() if str(coordinator) in executable)
    if not usable:
        cure = f'add to [sdk]: queue_to_coordinator = {{"dagfloe": "{to_one_line(min(executable))}"}}'
        return Check("queues", WARNING, "none is for bundle files", cure)
    return Check("queues", OK, f"for bundle files: {to_one_line(', '.join(usable))}")


def _check_folder(folder: Path, seen: dict[str, Path]) -> Iterator[Check]:
    """Check the bundle files in a folder and its subfolders. `seen` maps a dag_id to the file that has it."""
    name, label = "bundle folder", to_one_line(str(folder))
    try:
        is_readable = folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)
    except (OSError, ValueError):
        is_readable = False
    if not is_readable:
        text = f"{label} does not exist, or is not readable"
        yield Check(name, FAILED, text, "create the folder, or correct the setting")
        return
    count = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            bundle = read_bundle(path)
            dag_ids = sorted(map(str, bundle.manifest["dags"]))
        except (PackError, LookupError, TypeError):
            continue  # Airflow ignores other files, too
        count += 1
        yield _check_bundle(path, dag_ids, host_problem(bundle), seen)
    if count:
        yield Check(name, OK, f"{label}: {count} bundle file{'' if count == 1 else 's'}")
    else:
        yield Check(name, WARNING, f"{label} has no bundle file", "copy the output of dagfloe build there")


def _check_bundle(path: Path, dag_ids: list[str], problem: str, seen: dict[str, Path]) -> Check:
    name, label = "bundle file", to_one_line(str(path))
    duplicates = [dag_id for dag_id in dag_ids if dag_id in seen]
    seen.update(dict.fromkeys(dag_ids, path))
    if problem:
        return Check(name, FAILED, f"{label}: {problem}", "build it for this host")
    if not os.access(path, os.X_OK):
        return Check(name, FAILED, f"{label} is not executable, so Airflow ignores it", f"chmod +x {label}")
    if duplicates:
        text = f"{label}: another file has {to_one_line(', '.join(duplicates))}, too"
        return Check(name, WARNING, text, "remove one of them; Airflow uses the first that it finds")
    return Check(name, OK, f"{label}: {to_one_line(', '.join(dag_ids))}")
