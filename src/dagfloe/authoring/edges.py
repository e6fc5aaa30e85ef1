"""Labels of the edges between tasks, which Airflow shows in its graph."""

from __future__ import annotations

from dagfloe.authoring.graph import Linked, Node, connect
from dagfloe.authoring.scheduling.options import check_string
from dagfloe.errors import RegistrationError


class Label(Linked):
    """A label of the edges between tasks: `branch >> Label("no data") >> stop`.

    It may stand between lists of tasks and task groups, too; then all edges between them have the label.

    Args:
        label: the text.

    Raises:
        RegistrationError: if it is not a str, or empty.
    """

    is_label = True

    def __init__(self, label: str) -> None:
        if check_string(label) is not None:
            raise RegistrationError(f"the Label is {label!r}: use a str that is not empty")
        self.label = label
        self._upstream: list[Linked] = []
        self._downstream: list[Linked] = []

    def __repr__(self) -> str:
        return f"Label({self.label!r})"

    def firsts(self) -> list[Node]:
        """The tasks after it."""
        return [task for linked in self._downstream for task in linked.firsts()]

    def lasts(self) -> list[Node]:
        """The tasks before it."""
        return [task for linked in self._upstream for task in linked.lasts()]

    def attach(self, *, upstream: list[Linked] | None = None, downstream: list[Linked] | None = None) -> None:
        """Connect tasks before it to those after it, or the other way round. Authors use `>>`.

        Raises:
            RegistrationError: if another label is among them.
        """
        before, after = upstream or [], downstream or []
        for other in (*before, *after):
            if other.is_label:
                raise RegistrationError(f"{self!r} is next to {other!r}: put a task between them")
        for first, second in ((before, self._downstream), (self._upstream, after)):
            connect(
                (task for linked in first for task in linked.lasts()),
                [task for linked in second for task in linked.firsts()],
                self.label,
            )
        self._upstream += before
        self._downstream += after
