"""Where an instance has what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Places:
    """The files and folders of an instance.

    Attributes:
        version: of Airflow; its environment is made by Make.
        home: AIRFLOW_HOME, which everything that the instance writes is below.
        bundles: the folder of the bundle files.
        dags: the folder of the Dag files.
    """

    version: str
    home: Path
    bundles: Path
    dags: Path

    @property
    def python(self) -> Path:
        """Airflow's Python."""
        return ROOT / ".venvs" / f"airflow-{self.version}" / "bin" / "python"

    @property
    def migrated(self) -> Path:
        """A database as this Airflow makes it, kept for the next instance: a migration takes seconds."""
        return ROOT / ".cache" / "airflow-databases" / f"{self.version}.db"

    @property
    def database(self) -> Path:
        """SQLite's file."""
        return self.home / "airflow.db"

    @property
    def temporary(self) -> Path:
        """TMPDIR of everything that runs."""
        return self.home / "tmp"

    @property
    def store(self) -> Path:
        """Where bundle files unpack themselves: `DAGFLOE_CACHE_DIR`."""
        return self.home / "bundle-store"

    @property
    def logs(self) -> Path:
        """The output of the components, a file each."""
        return self.home / "output"

    def make(self) -> None:
        """Make the folders, before anything is started."""
        for folder in (self.home, self.temporary, self.store, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
