"""The files and folders of an instance of Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Places:
    """The files and folders of an instance.

    Attributes:
        version: the version of Airflow; `make` installs its environment.
        home: AIRFLOW_HOME. The instance writes only below this folder.
        bundles: the folder of the bundle files.
        dags: the folder of the Dag files.
        environment: the name of its virtual environment, without the version.
    """

    version: str
    home: Path
    bundles: Path
    dags: Path
    environment: str = "airflow"

    @property
    def python(self) -> Path:
        """Airflow's Python."""
        return ROOT / ".venvs" / f"{self.environment}-{self.version}" / "bin" / "python"

    @property
    def migrated(self) -> Path:
        """The cached database after a migration, which takes seconds."""
        return ROOT / ".cache" / "airflow-databases" / f"{self.version}.db"

    @property
    def database(self) -> Path:
        """The database of SQLite."""
        return self.home / "airflow.db"

    @property
    def temporary(self) -> Path:
        """TMPDIR of all processes."""
        return self.home / "tmp"

    @property
    def store(self) -> Path:
        """`DAGFLOE_CACHE_DIR`: bundle files unpack themselves to this folder."""
        return self.home / "bundle-store"

    @property
    def logs(self) -> Path:
        """The folder with the output of the components, one file each."""
        return self.home / "output"

    def make(self) -> None:
        """Create the folders."""
        for folder in (self.home, self.temporary, self.store, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
