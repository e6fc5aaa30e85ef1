"""A line of the results: one run of a scenario, and what became of its tasks."""

from __future__ import annotations

from dataclasses import dataclass, field

BUNDLE, ORDINARY = "bundle file", "ordinary"


@dataclass
class Row:
    """A line of the results.

    Attributes:
        scenario: its name.
        tasks: `bundle file` or `ordinary`.
        instances: the task instances.
        succeeded: those that succeeded.
        retried: those that began more than once.
        lost: those that did not succeed, or never ended.
        doubled: those that ended more than once; None if the tasks write no lines.
        orphans: processes of tasks that outlived their worker by 3 s, or the scenario.
        seconds: from the first trigger to the end of the last run.
        note: what else was seen.
        faults: what is not as it should be; a row of ordinary tasks has none.
    """

    scenario: str
    tasks: str
    instances: int
    succeeded: int
    retried: int
    lost: int
    doubled: int | None
    orphans: int
    seconds: float
    note: str = ""
    faults: list[str] = field(default_factory=list)

    def require(self, *, is_met: bool, otherwise: str) -> None:
        """Note a fault unless something is met.

        Args:
            is_met: whether it is.
            otherwise: the fault.
        """
        if not is_met:
            self.faults.append(otherwise)

    def describe(self) -> str:
        """The row as a line for people."""
        counts = f"{self.succeeded} of {self.instances} succeeded"
        for name in ("retried", "lost", "doubled", "orphans"):
            counts += f", {getattr(self, name)} {name}"
        line = f"{self.scenario}, {self.tasks}: {counts}, {self.seconds:.1f} s"
        if self.note:
            line += f"; {self.note}"
        return "\n  FAULT: ".join([line, *self.faults])
