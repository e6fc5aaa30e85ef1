"""`chain`, `chain_linear` and `cross_downstream`: which edges they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import Bundle, chain, chain_linear, cross_downstream
from dagfloe.errors import RegistrationError

if TYPE_CHECKING:
    from collections.abc import Callable


class Tasks:
    """The tasks `a` to `f` of a Dag, and a group with `g.h`."""

    def __init__(self) -> None:
        self.dag = Bundle().dag("d")
        self.tasks: dict[str, Any] = {name: self.dag.task(task_id=name)(lambda: None) for name in "abcdef"}
        with self.dag.group("g") as group:
            self.dag.task(task_id="h")(lambda: None)
        self.tasks |= {"g": group, "number": 3}

    def __getattr__(self, name: str) -> Any:
        return self.tasks[name]

    @property
    def edges(self) -> str:
        """The edges, such as `ab ac`."""
        pairs = (task_id + other for task_id in self.dag.tasks for other in self.dag.downstream_of(task_id))
        return " ".join(pairs).replace("g.h", "h")


@pytest.mark.parametrize(
    ("connect", "expected"),
    [
        (lambda t: chain(t.a), ""),
        (lambda t: chain(t.a, t.b, t.c), "ab bc"),
        (lambda t: chain(t.a, [t.b, t.c], t.d), "ab ac bd cd"),
        (lambda t: chain(t.a, [t.b, t.c], (t.d, t.e), t.f), "ab ac bd ce df ef"),
        (lambda t: chain([t.a], [t.g], t.b.output), "ah hb"),
        (lambda t: chain_linear(t.a, [t.b, t.c], [t.d, t.e], t.f), "ab ac bd be cd ce df ef"),
        (lambda t: cross_downstream([t.a, t.b], [t.c, t.d]), "ac ad bc bd"),
        (lambda t: cross_downstream(from_tasks=[t.a, t.b], to_tasks=t.c), "ac bc"),
    ],
)
def test_edges(connect: Callable[[Tasks], None], expected: str) -> None:
    """Tasks, results of calls, groups and lists of them are connected as in Airflow."""
    tasks = Tasks()
    connect(tasks)
    assert " ".join(sorted(tasks.edges.split())) == expected


@pytest.mark.parametrize(
    ("connect", "message"),
    [
        (lambda t: chain([t.a, t.b], [t.c]), "a list of 2 before a list of 1: use lists of one length"),
        (lambda t: chain(t.a, t.number), ">> connects tasks"),
        (lambda t: chain(t.number, t.number), r"connects tasks, task groups .*, not 3"),
        (lambda t: chain([t.number], [t.number]), r"connects tasks, task groups .*, not 3"),
        (lambda t: chain_linear(t.number, t.number), r"connects tasks, task groups .*, not 3"),
        (lambda t: chain(t.a, t.b, t.a), "would run both before and after"),
    ],
)
def test_errors(connect: Callable[[Tasks], None], message: str) -> None:
    """What cannot be connected is an error."""
    with pytest.raises(RegistrationError, match=message):
        connect(Tasks())
