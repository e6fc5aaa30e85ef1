"""The result of a Dag file in one version of Airflow, as plain data for a JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Result:
    """What became of a Dag file.

    Attributes:
        name: of the file, without `.py`.
        shape: what the file shows.
        tasks: how many tasks its Dags have, in any way.
        moved: the tasks that ran in a bundle file.
        stays: the tasks that could not be moved, and why, as `dagfloe adopt` says it.
        projects: how many projects were made.
        edits: the lines of the new Dag file that differ from the original.
        differences: what differed between the runs, or why there was no run.
        intended: the reasons of differences that are meant to be.
    """

    name: str
    shape: str
    tasks: int = 0
    moved: list[str] = field(default_factory=list)
    stays: list[list[str]] = field(default_factory=list)
    projects: int = 0
    edits: int = 0
    differences: list[str] = field(default_factory=list)
    intended: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Results:
    """The results of a version of Airflow.

    Attributes:
        airflow: the version.
        about: the machine and the versions.
        cases: those of our Dag files.
        examples: those of Airflow's own examples.
    """

    airflow: str
    about: str
    cases: Sequence[Result]
    examples: Sequence[Result]

    def write(self, file: Path) -> None:
        """Write a JSON file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=1), "utf-8")

    @classmethod
    def read(cls, file: Path) -> Results:
        """Read a JSON file that `write` wrote."""
        body: dict[str, Any] = json.loads(file.read_text("utf-8"))
        lists = {name: [Result(**result) for result in body[name]] for name in ("cases", "examples")}
        return cls(body["airflow"], body["about"], **lists)
