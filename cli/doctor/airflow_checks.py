"""Whether the Airflow that is configured on a host finds its bundle files. Airflow itself is not imported.

Of its settings, nothing is shown but names of coordinators, queues and Dag bundles, and folders.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.cli.doctor.airflow_settings import AirflowSettings, ElsewhereError, SettingError
from dagfloe.cli.doctor.file_checks import problem_on_host
from dagfloe.cli.doctor.host_checks import FAILED, OK, WARNING, Check
from dagfloe.cli.show.terminal_text import one_line
from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLASS = "airflow.sdk.coordinators.executable.ExecutableCoordinator"
_ADVICE = (
    f'write in [sdk] coordinators = {{"dagfloe": {{"classpath": "{_CLASS}", '
    '"kwargs": {"executables_root": ["FOLDER"]}}}'
)
_LOCAL_BUNDLE = ".LocalDagBundle"


def check_airflow(env: Mapping[str, str]) -> Iterator[Check]:
    """What Airflow's settings say of coordinators, and the bundle files in the folders that they lead to."""
    try:
        settings = AirflowSettings(env)
        if not settings.are_there:
            yield Check("Airflow", OK, f"no settings of it here: there is no {settings.file}")
            return
        coordinators: dict[str, Any] = settings.json("sdk", "coordinators", {})
        ours = {name: told for name, told in coordinators.items() if _is_ours(told)}
        if not ours:
            yield Check("coordinators", WARNING, "none is for bundle files", _ADVICE)
            return
        yield Check("coordinators", OK, f"for bundle files: {one_line(', '.join(ours))}")
        yield _check_queues(settings.json("sdk", "queue_to_coordinator", {}), set(coordinators), set(ours))
        folders = [each for told in ours.values() for each in _folders(told, settings)]
    except ElsewhereError as error:
        yield Check("Airflow", WARNING, str(error), "see there that it leads to the folder of the bundle files")
        return
    except SettingError as error:
        yield Check("Airflow", FAILED, str(error), "correct it: Airflow cannot start a bundle file either")
        return
    seen: dict[str, Path] = {}
    for folder in dict.fromkeys(folders):
        yield from _check_folder(folder, seen)


def _is_ours(told: object) -> bool:
    return isinstance(told, dict) and str(told.get("classpath")).endswith(".ExecutableCoordinator")


def _folders(told: Mapping[str, Any], settings: AirflowSettings) -> list[Path]:
    """Where a coordinator looks for bundle files: Airflow 3.3 in `executables_root`, 3.4 in a Dag bundle.

    Raises:
        SettingError: when nothing leads to a folder.
    """
    kwargs = told.get("kwargs")
    kwargs = kwargs if isinstance(kwargs, dict) else {}
    if "executables_root" in kwargs:
        roots = kwargs["executables_root"]
        named = [each for each in (roots if isinstance(roots, list) else [roots]) if isinstance(each, str) and each]
        if not named:
            raise SettingError("executables_root of the coordinator names no folder")
        return [Path(each).expanduser() for each in named]
    dags = Path(settings.text("core", "dags_folder") or settings.home / "dags")
    name = kwargs.get("task_handler_bundle_name")
    if name is None:
        return [dags]  # Airflow 3.4: where the Dag itself is
    for each in settings.json("dag_processor", "dag_bundle_config_list", []):
        if isinstance(each, dict) and each.get("name") == name:
            if not str(each.get("classpath")).endswith(_LOCAL_BUNDLE):
                raise ElsewhereError(f"the Dag bundle {one_line(str(name))} is fetched from elsewhere")
            path = each["kwargs"].get("path") if isinstance(each.get("kwargs"), dict) else None
            return [Path(path) if isinstance(path, str) and path else dags]
    raise SettingError(f"[dag_processor] dag_bundle_config_list has no Dag bundle {one_line(str(name))}")


def _check_queues(queues: Mapping[str, Any], known: set[str], ours: set[str]) -> Check:
    lost = sorted(str(queue) for queue, name in queues.items() if str(name) not in known)
    if lost:
        text = f"the coordinator of {one_line(', '.join(lost))} is not among the coordinators"
        return Check("queues", FAILED, text, "correct queue_to_coordinator in [sdk]")
    found = sorted(str(queue) for queue, name in queues.items() if str(name) in ours)
    if not found:
        cure = f'write in [sdk] queue_to_coordinator = {{"dagfloe": "{one_line(min(ours))}"}}'
        return Check("queues", WARNING, "none leads to bundle files", cure)
    return Check("queues", OK, f"to bundle files: {one_line(', '.join(found))}")


def _check_folder(folder: Path, seen: dict[str, Path]) -> Iterator[Check]:
    """A folder of bundle files, and all folders in it; `seen` holds the files by the Dags that others have."""
    name, shown = "bundle folder", one_line(str(folder))
    try:
        is_readable = folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)
    except (OSError, ValueError):
        is_readable = False
    if not is_readable:
        yield Check(name, FAILED, f"{shown} is not there, or cannot be read", "make it, or correct the setting")
        return
    count = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            bundle = read_bundle(path)
            dag_ids = sorted(map(str, bundle.manifest["dags"]))
        except (PackError, LookupError, TypeError):
            continue  # Airflow passes over other files, too
        count += 1
        yield _check_bundle(path, dag_ids, problem_on_host(bundle), seen)
    if count:
        yield Check(name, OK, f"{shown}: {count} bundle file{'' if count == 1 else 's'}")
    else:
        yield Check(name, WARNING, f"{shown} has no bundle file", "copy there what dagfloe build makes")


def _check_bundle(path: Path, dag_ids: list[str], problem: str, seen: dict[str, Path]) -> Check:
    name, shown = "bundle file", one_line(str(path))
    twice = [dag_id for dag_id in dag_ids if dag_id in seen]
    seen.update(dict.fromkeys(dag_ids, path))
    if problem:
        return Check(name, FAILED, f"{shown}: {problem}", "build it for this host")
    if not os.access(path, os.X_OK):
        return Check(name, FAILED, f"{shown} is not executable: Airflow passes over it", f"chmod +x {shown}")
    if twice:
        text = f"{shown}: other files have {one_line(', '.join(twice))}, too"
        return Check(name, WARNING, text, "remove one of them: Airflow takes the first that it finds")
    return Check(name, OK, f"{shown}: {one_line(', '.join(dag_ids))}")
