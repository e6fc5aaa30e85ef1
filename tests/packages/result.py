"""What a run of a row saw, and how it is judged. Pure, apart from the files in `tests/packages/results`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("results")

#: The allowed outcomes: the same values as unfrozen; the same after a line that the build named; a documented limit.
EQUAL, CURED, IMPOSSIBLE = "equal", "cured", "impossible"
#: The others: unfrozen tasks that fail are a mistake of the row; the last is what must never happen.
BROKEN, REFUSED, DIFFERENT = "broken row", "refused without a cure", "green build, red task"
ALLOWED = (EQUAL, CURED, IMPOSSIBLE)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run of a row's Dag returned.

    Attributes:
        states: the states of the tasks.
        values: the values that they returned.
        error: the last lines of the log if a task failed; it is not kept in files.
    """

    states: dict[str, str]
    values: dict[str, Any]
    error: str = ""

    @property
    def is_green(self) -> bool:
        """Whether all tasks succeeded."""
        return bool(self.states) and set(self.states.values()) == {"success"}


@dataclass(frozen=True, slots=True)
class Result:
    """What the runs of a row saw.

    Attributes:
        row: the digest of the row's files.
        dagfloe: the digest of dagfloe.
        python: the version of Python.
        versions: the versions of the distributions.
        unfrozen: the run of the project.
        frozen: the run of the file; None if there is no file.
        empty: the run of the file in an empty environment.
        settings: what [tool.dagfloe] needed, in addition to what every bundle may have.
        refusal: the error of the first build, if it failed.
        impossible: the documented limit.
        size: the bytes of the file.
        first_s: the seconds of the first start.
        later_s: the seconds of a later start.
        build_s: the seconds of the build without the environment's installation.
    """

    row: str
    dagfloe: str
    python: str
    versions: dict[str, str]
    unfrozen: Seen
    frozen: Seen | None = None
    empty: Seen | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""
    impossible: str = ""
    size: int = 0
    first_s: float = 0.0
    later_s: float = 0.0
    build_s: float = 0.0

    @property
    def outcome(self) -> str:
        """One of the outcomes above."""
        if not self.unfrozen.is_green:
            return BROKEN
        if self.frozen is None or self.empty is None:
            return IMPOSSIBLE if self.impossible else REFUSED
        if self.differences():
            return IMPOSSIBLE if self.impossible else DIFFERENT
        return CURED if self.refusal else EQUAL

    def differences(self) -> list[str]:
        """What the file did otherwise than the project, one line for each task and run."""
        lines = []
        for where, seen in (("frozen", self.frozen), ("in an empty environment", self.empty)):
            if seen is None:
                continue
            for task in sorted({*self.unfrozen.states, *seen.states}):
                state, value = seen.states.get(task, "missing"), seen.values.get(task)
                if state != self.unfrozen.states.get(task, "missing"):
                    lines.append(f"{task} {where}: {state}")
                elif value != self.unfrozen.values.get(task):
                    lines.append(f"{task} {where}: {value!r}, and not {self.unfrozen.values.get(task)!r}")
        return lines


def read_result(name: str, folder: Path = FOLDER) -> Result | None:
    """Read the result of a row; None if the row did not run."""
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    document = json.loads(path.read_text("utf-8"))
    for run in ("unfrozen", "frozen", "empty"):
        document[run] = document[run] and Seen(**document[run])
    return Result(**document)


def write_result(name: str, result: Result, folder: Path = FOLDER) -> None:
    """Write the result of a row, without the logs of its runs, which name files of this host."""
    document = asdict(result)
    for run in ("unfrozen", "frozen", "empty"):
        if document[run]:
            document[run]["error"] = ""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", "utf-8")
