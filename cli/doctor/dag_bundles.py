"""The Dag bundles in Airflow's settings: the folders that Airflow searches for Dags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagfloe.cli.doctor.airflow_settings import AirflowSettings

LOCAL_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"
#: Airflow's default: the Dags folder.
DEFAULT_BUNDLE = {"name": "dags-folder", "classpath": LOCAL_BUNDLE, "kwargs": {}}
_IGNORE_FILE = ".airflowignore"
_EVERYTHING = {"*", "**", ".*"}


@dataclass(frozen=True, slots=True)
class DagBundle:
    """A Dag bundle.

    Attributes:
        name: its name.
        folder: its folder; None if it is not a local folder, for example a Git repository.
    """

    name: str
    folder: Path | None

    @property
    def is_ignored(self) -> bool:
        """Whether an ignore file keeps Airflow from searching the whole folder for Dags."""
        try:
            lines = Path(self.folder or "", _IGNORE_FILE).read_text("utf-8", "replace").splitlines()
        except OSError:
            return False
        return any(line.strip() in _EVERYTHING for line in lines)


def dags_folder(settings: AirflowSettings) -> Path:
    """Return the folder of Airflow's Dag files."""
    return Path(settings.get("core", "dags_folder") or settings.home / "dags")


def read_dag_bundles(settings: AirflowSettings) -> dict[str, DagBundle]:
    """Return the configured Dag bundles by name.

    Raises:
        SettingError: if the setting cannot be read.
    """
    default = dags_folder(settings)
    entries = settings.get_json("dag_processor", "dag_bundle_config_list", [DEFAULT_BUNDLE])
    bundles = (_read(entry, default) for entry in entries if isinstance(entry, dict))
    return {bundle.name: bundle for bundle in bundles}


def _read(entry: dict[str, Any], default: Path) -> DagBundle:
    name = str(entry.get("name"))
    if not str(entry.get("classpath")).endswith(".LocalDagBundle"):
        return DagBundle(name, None)
    kwargs = entry.get("kwargs")
    path = kwargs.get("path") if isinstance(kwargs, dict) else None
    return DagBundle(name, Path(path) if isinstance(path, str) and path else default)
