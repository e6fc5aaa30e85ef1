"""Checks of the coordinators for bundle files in Airflow's settings. Airflow 3.3 and 3.4 need different ones.

The results show only the names of settings, coordinators, queues and Dag bundles, and no other values.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.cli.doctor.airflow_settings import SettingError
from dagfloe.cli.doctor.check import FAILED, OK, WARNING, Check
from dagfloe.cli.doctor.dag_bundles import LOCAL_BUNDLE
from dagfloe.cli.show.terminal_text import to_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dagfloe.cli.doctor.dag_bundles import DagBundle

COORDINATOR_CLASS = "airflow.sdk.coordinators.executable.ExecutableCoordinator"
#: The first release that takes bundle files from Dag bundles.
DAG_BUNDLE_RELEASE = (3, 4)
_ROOT, _DAG_BUNDLE, _TIMEOUT = "executables_root", "task_handler_bundle_name", "task_startup_timeout"
_NO_LOG = "so its tasks fail without a log"
_ALL_FAIL = "so every task on this host fails, Python tasks too"


def runs_bundle_files(coordinator: object) -> bool:
    """Whether an entry of `coordinators` is for bundle files."""
    return isinstance(coordinator, dict) and str(coordinator.get("classpath")).endswith(".ExecutableCoordinator")


def kwargs_of(coordinator: object) -> Mapping[str, Any]:
    """Return the `kwargs` of an entry of `coordinators`."""
    kwargs = coordinator.get("kwargs") if isinstance(coordinator, dict) else None
    return kwargs if isinstance(kwargs, dict) else {}


def executable_roots(coordinator: object) -> tuple[Path, ...]:
    """Return the folders of `executables_root`, in which Airflow 3.3 looks for bundle files.

    Raises:
        SettingError: if the coordinator names no folder.
    """
    roots = kwargs_of(coordinator).get("executables_root")
    names = [root for root in (roots if isinstance(roots, list) else [roots]) if isinstance(root, str) and root]
    if not names:
        raise SettingError("executables_root of the coordinator names no folder")
    try:
        return tuple(Path(name).expanduser() for name in names)
    except RuntimeError:
        raise SettingError("executables_root of the coordinator names the home folder of an unknown user") from None


def check_kwargs(
    name: str, coordinator: Mapping[str, Any], release: tuple[int, int] | None, *, is_used: bool
) -> Iterator[Check]:
    """Yield a failure if the coordinator of a release does not have a keyword argument in its settings.

    Args:
        name: the name of the coordinator.
        coordinator: its settings.
        release: the major and the minor version of Airflow; None if they are unknown.
        is_used: whether Airflow creates the coordinator. If it does not, there is only a warning.
    """
    if release not in ((3, 3), (3, 4)) or coordinator.get("classpath") != COORDINATOR_CLASS:
        return
    folders, other = (_DAG_BUNDLE, _ROOT) if release == DAG_BUNDLE_RELEASE else (_ROOT, _DAG_BUNDLE)
    version = ".".join(map(str, release))
    for key in kwargs_of(coordinator):
        if key in (folders, _TIMEOUT):
            continue
        label = to_one_line(str(key))
        result = _NO_LOG if is_used else "but no queue leads to it"
        text = f"{to_one_line(name)} has {label}, which Airflow {version} does not know, {result}"
        cure = f"remove {label} from kwargs"
        if not is_used:
            cure = "remove the coordinator when no host needs it"
        elif key == other:
            cure = f"replace it: dagfloe settings FOLDER --airflow {version} prints the settings"
        yield Check("coordinators", FAILED if is_used else WARNING, text, cure)


def check_queues(queues: Mapping[str, Any], coordinators: Iterable[str], executable: Sequence[str]) -> Check:
    """Check that every queue has a coordinator, and that one of them is for bundle files."""
    names = set(coordinators)
    unknown = sorted(str(queue) for queue, coordinator in queues.items() if str(coordinator) not in names)
    if unknown:
        text = f"[sdk] coordinators does not define the coordinator of {to_one_line(', '.join(unknown))}, {_ALL_FAIL}"
        choice = f"set it to {to_one_line(' or '.join(sorted(names)))}" if names else "define it, or remove the queue"
        return Check("queues", FAILED, text, f"correct [sdk] queue_to_coordinator: {choice}")
    usable = sorted(str(queue) for queue, coordinator in queues.items() if str(coordinator) in executable)
    if not usable:
        queue = f"queue_to_coordinator = {json.dumps({'dagfloe': min(executable)})}" if executable else ""
        cure = f"add to [sdk]: {to_one_line(queue)}" if executable else "add a coordinator for bundle files"
        return Check("queues", WARNING, "none is for bundle files", cure)
    return Check("queues", OK, f"for bundle files: {to_one_line(', '.join(usable))}")


def check_declared_queues(declared: Mapping[str, Path], queues: Mapping[str, Any]) -> Iterator[Check]:
    """Yield a warning for each queue that a task declares, and that leads to no coordinator.

    A stub Dag may have other queues: see `dagfloe stub --queue`.
    """
    for queue, path in sorted(declared.items()):
        if queue not in queues:
            label = to_one_line(queue)
            text = (
                f"tasks of {to_one_line(str(path))} declare the queue {label}, which leads to no coordinator, "
                "so Airflow runs their stubs, which fail"
            )
            yield Check("queues", WARNING, text, f"add {label} to [sdk] queue_to_coordinator")


def check_dag_bundle_names(
    coordinators: Mapping[str, Any], queues: Mapping[str, Any], dag_bundles: Mapping[str, DagBundle]
) -> Iterator[Check]:
    """Yield a failure for each coordinator whose Dag bundle is not configured.

    Airflow 3.4 checks this for the coordinators of all queues before it starts any task.
    """
    used = {str(coordinator) for coordinator in queues.values()}
    for name, coordinator in coordinators.items():
        dag_bundle = kwargs_of(coordinator).get(_DAG_BUNDLE)
        if dag_bundle is None or (isinstance(dag_bundle, str) and dag_bundle in dag_bundles):
            continue
        label = to_one_line(str(dag_bundle))
        text = (
            f"[dag_processor] dag_bundle_config_list has no {label}, the Dag bundle of the coordinator "
            f"{to_one_line(name)}{', ' + _ALL_FAIL if name in used else ''}"
        )
        entry = {"name": str(dag_bundle), "classpath": LOCAL_BUNDLE, "kwargs": {"path": "FOLDER"}}
        yield Check("Dag bundles", FAILED, text, f"add to the list: {to_one_line(json.dumps(entry))}")


def check_parsers(
    executable: Mapping[str, Any], mapping: Mapping[str, Any], dag_bundles: Iterable[DagBundle]
) -> Iterator[Check]:
    """Yield a failure if Airflow cannot choose the coordinator that asks the files of Dag bundles for native Dags.

    Args:
        executable: the coordinators for bundle files.
        mapping: `dag_bundle_to_coordinator`.
        dag_bundles: the Dag bundles with bundle files.
    """
    if len(executable) < 2:
        return
    owners = {str(kwargs_of(coordinator).get(_DAG_BUNDLE)): name for name, coordinator in executable.items()}
    missing = {
        bundle.name: owners.get(bundle.name, min(executable))
        for bundle in dag_bundles
        if str(mapping.get(bundle.name)) not in executable and not bundle.is_ignored
    }
    if missing:
        text = (
            f"{len(executable)} are for bundle files, and [sdk] dag_bundle_to_coordinator does not choose one for "
            f"{to_one_line(', '.join(missing))}, so each bundle file there has an import error"
        )
        known = {name: owner for name, owner in mapping.items() if str(owner) in executable}
        setting = f"dag_bundle_to_coordinator = {json.dumps({**known, **missing})}"
        yield Check("coordinators", FAILED, text, f"set in [sdk]: {to_one_line(setting)}")
