"""A cell of the matrix: a failure, what must follow, and how the test brings it about."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from trust.grid.trial import Seen, Trial

FORMS = ("frozen", "not frozen")
#: The end of a run that needs no time by itself; generous, because the machine may be busy.
PROMPT_S = 30.0


def nothing(_trial: Trial) -> None:
    """Leave the run alone."""


def no_check(_seen: Seen) -> list[str]:
    """Find no more problems."""
    return []


@dataclass(frozen=True)
class End:
    """What must follow.

    Attributes:
        state: the state in the terminal message; None if there is no terminal message.
        status: the exit status; a negative one is a signal.
        log: what the log, stdout or stderr must contain, and so says why; None if nothing has to.
    """

    state: str | None
    status: int | None
    log: str | None = None

    def __str__(self) -> str:
        message = "no terminal message" if self.state is None else self.state
        return f"{message}, {format_status(self.status)}"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell.

    Attributes:
        who: what fails.
        when: the moment of the failure.
        how: the failure.
        ends: what must follow: one of these.
        task: the task of the bundle `faults`.
        act: what the supervisor or another process does.
        unfrozen: what must follow if the program is not frozen, where it differs: there is no launcher.
        only: the forms in which the failure is possible.
        check: finds more problems in what was seen.
        start: arguments of `Trial`.
        bound_s: how long the run may take.
        leaves: whether processes may be left without a launcher, because only the launcher can end them.
        cuts_logs: whether the logs socket is cut by somebody else, so that its last line may be cut, too.
        is_quick: whether `make test` runs it.
    """

    who: str
    when: str
    how: str
    ends: tuple[End, ...]
    task: str = "author"
    act: Callable[[Trial], object] = nothing
    unfrozen: tuple[End, ...] | None = None
    only: tuple[str, ...] = FORMS
    check: Callable[[Seen], list[str]] = no_check
    start: dict[str, object] = field(default_factory=dict)
    bound_s: float = PROMPT_S
    leaves: bool = False
    cuts_logs: bool = False
    is_quick: bool = False

    @property
    def name(self) -> str:
        """The cell's name in the page and in the tests."""
        return f"{self.who}: {self.how}, {self.when}"

    def expected(self, form: str) -> tuple[End, ...]:
        """What must follow in a form."""
        return self.unfrozen if form == "not frozen" and self.unfrozen is not None else self.ends

    def problems(self, seen: Seen, form: str) -> list[str]:
        """What differs between what was seen and what must follow."""
        ends = self.expected(form)
        found = (seen.state, seen.status)
        problems = []
        matching = [end for end in ends if (end.state, end.status) == found]
        if not matching:
            problems.append(f"ended with {End(*found)}")
        elif not any(end.log is None or end.log in seen.text() for end in matching):
            problems.append(f"no line with {matching[0].log!r}")
        if seen.status == 0 and not seen.terminal:
            problems.append("status 0 without a terminal message")
        if len(seen.terminal) > 1:
            problems.append(f"{len(seen.terminal)} terminal messages")
        if seen.escalated:
            problems.append(f"not ended after {self.bound_s:g} s")
        if seen.processes and not (self.leaves and form == "not frozen"):
            problems.append(f"{len(seen.processes)} processes left")
        # Nobody can delete the folders of multiprocessing after a SIGKILL, as with every Python program.
        files = [name for name in seen.files if seen.status != -signal.SIGKILL or not name.startswith("pymp-")]
        if files:
            problems.append(f"files left: {', '.join(files)}")
        if torn := seen.torn_lines(self.cuts_logs):
            problems.append(f"{len(torn)} torn log lines, such as {torn[0][:60]!r}")
        return problems + self.check(seen)


@dataclass(frozen=True)
class Impossible:
    """Cells that cannot be produced, and why. A `*` stands for every name."""

    who: str
    when: str
    how: str
    reason: str

    def covers(self, who: str, when: str, how: str) -> bool:
        """Whether this covers a cell."""
        pairs = ((self.who, who), (self.when, when), (self.how, how))
        return all(pattern in ("*", name) for pattern, name in pairs)


def format_status(status: int | None) -> str:
    """An exit status in readable form."""
    if status is None:
        return "no supervisor left"
    return f"status {status}" if status >= 0 else signal.Signals(-status).name
