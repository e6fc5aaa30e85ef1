"""Paths of the projects, programs and results of the benchmarks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dagfloe.runtime.metadata import platform_tag

#: The version whose supervisor is measured.
AIRFLOW = "3.3.2"
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Files:
    """The projects, the programs that `make bench` builds from them, and the results.

    Attributes:
        root: the repository.
    """

    root: Path = ROOT

    @property
    def cache(self) -> Path:
        """The folder of everything that the benchmarks create."""
        return self.root / ".cache" / "bench"

    @property
    def scratch(self) -> Path:
        """The folder of the hosts; on the same disk as everything else."""
        return self.cache / "scratch"

    @property
    def small_project(self) -> Path:
        """The small task."""
        return self.root / "benchmarks" / "bundles" / "small"

    @property
    def weather_project(self) -> Path:
        """The example with pandas."""
        return self.root / "bundles" / "weather"

    @property
    def small(self) -> Path:
        """The small task's bundle file."""
        return self.cache / "small"

    @property
    def small_one_file(self) -> Path:
        """The small task in dagfloe's one-file form."""
        return self.cache / "one-file" / "small"

    @property
    def small_stock(self) -> Path:
        """The small task, frozen by PyInstaller alone."""
        return self.cache / "stock" / "small"

    @property
    def adopted(self) -> Path:
        """The small task's bundle file that `dagfloe adopt` makes of a task with an environment of its own."""
        return self.cache / "adopted" / "virtualenv-cached"

    @property
    def heavy(self) -> Path:
        """The bundle file of the tasks that measure their memory."""
        return self.cache / "heavy"

    @property
    def native(self) -> Path:
        """The bundle file with a small native Dag."""
        return self.cache / "native"

    @property
    def at_parse(self) -> Path:
        """The bundle file that makes the small native Dag at each parse."""
        return self.cache / "at-parse"

    @property
    def thousand(self) -> Path:
        """The bundle file with a native Dag of 1,000 tasks."""
        return self.cache / "thousand"

    @property
    def weather(self) -> Path:
        """The example's bundle file."""
        return self.root / "dist" / platform_tag() / "weather"

    @property
    def orders(self) -> Path:
        """The bundle file of the example with the largest graph."""
        return self.root / "dist" / platform_tag() / "orders"

    @property
    def weather_stock(self) -> Path:
        """The example, frozen by PyInstaller alone."""
        return self.cache / "stock" / "weather"

    @property
    def airflow_python(self) -> Path:
        """The Python of the environment that has Airflow."""
        return self.root / ".venvs" / f"airflow-{AIRFLOW}" / "bin" / "python"

    @property
    def results(self) -> Path:
        """The published results."""
        return self.root / "benchmarks" / "results.json"

    @property
    def page(self) -> Path:
        """The page that shows the results."""
        return self.root / "docs" / "evidence" / "benchmarks.md"

    @property
    def plot(self) -> Path:
        """The picture on that page."""
        return self.root / "docs" / "evidence" / "benchmarks.svg"
