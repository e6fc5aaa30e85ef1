"""The settings of airflow.cfg for a folder of bundle files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dagfloe.cli.doctor.bundle_folder import declared_queues, read_bundles
from dagfloe.cli.doctor.coordinator_checks import COORDINATOR_CLASS, DAG_BUNDLE_RELEASE
from dagfloe.cli.doctor.dag_bundles import DEFAULT_BUNDLE, LOCAL_BUNDLE
from dagfloe.constants import DEFAULT_QUEUE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_COORDINATOR = "dagfloe"
_DAG_BUNDLE = "bundle-files"
_INDENT = "    "


def render_settings(folder: Path, release: tuple[int, int], dags_folder: Path) -> str:
    """Return the settings of airflow.cfg with which Airflow finds the bundle files in a folder.

    Args:
        folder: the folder, absolute; it may not exist.
        release: the major and the minor version of Airflow.
        dags_folder: the folder of Airflow's Dag files, absolute.
    """
    lines = []
    kwargs: dict[str, Any] = {}
    if release < DAG_BUNDLE_RELEASE:
        kwargs = {"executables_root": [str(folder)]}
    elif not folder.is_relative_to(dags_folder):
        kwargs = {"task_handler_bundle_name": _DAG_BUNDLE}
        own = {"name": _DAG_BUNDLE, "classpath": LOCAL_BUNDLE, "kwargs": {"path": str(folder)}}
        lines += [
            "# Replace the setting that airflow.cfg contains. If you have changed it, add only the last entry.",
            "[dag_processor]",
            "dag_bundle_config_list = [",
            f"{_INDENT}{_json(DEFAULT_BUNDLE)},",
            f"{_INDENT}{_json(own)}]",
            "",
        ]
    lines += [
        "# airflow.cfg contains each section only once: put the settings below its line.",
        "[sdk]",
        f'coordinators = {{"{_COORDINATOR}": {{',
        f'{_INDENT}"classpath": "{COORDINATOR_CLASS}",',
        f'{_INDENT}"kwargs": {_json(kwargs)}}}}}',
        f"queue_to_coordinator = {_json(dict.fromkeys(_queues(folder), _COORDINATOR))}",
    ]
    return "\n".join(lines) + "\n"


def _queues(folder: Path) -> Iterable[str]:
    """Return the queues that the bundle files in a folder declare, and the default queue."""
    return sorted({DEFAULT_QUEUE}.union(*map(declared_queues, read_bundles(folder))))


def _json(value: object) -> str:
    r"""Return JSON in which Airflow finds nothing to expand: `$` and `%` are written as `\u0024` and `\u0025`."""
    return json.dumps(value).replace("$", r"\u0024").replace("%", r"\u0025")
