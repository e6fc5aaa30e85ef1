"""The table of task instances: their last states, durations and errors. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagfloe.local.report.labels import count_tries, format_duration, format_index, list_errors
from dagfloe.local.report.state_icons import get_displayed_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MAX_ERROR_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class ErrorText:
    """An error. A long one is folded; then `summary` is its beginning, else None."""

    text: str
    summary: str | None


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """A row of the table.

    Attributes:
        number: the position of the task in the Dag; None if the Dag does not have the task.
        task_id: the task.
        index: the map index and label; empty if the task is not mapped.
        state: the state.
        tries: the number of tries.
        duration: how long its processes ran together; empty if none ran.
        errors: its errors.
    """

    number: int | None
    task_id: str
    index: str
    state: str
    tries: int
    duration: str
    errors: list[ErrorText]


def list_rows(instances: Sequence[Mapping[str, Any]], numbers: Mapping[str, int]) -> list[InstanceRow]:
    """Return the rows of the table.

    Args:
        instances: the task instances.
        numbers: the positions of the tasks in the Dag.
    """
    return [
        InstanceRow(
            number=numbers.get(instance["task_id"]),
            task_id=instance["task_id"],
            index=format_index(instance),
            state=get_displayed_state(instance),
            tries=count_tries(instance),
            duration=format_duration(sum(attempt["seconds"] for attempt in instance["tries"]))
            if instance["tries"]
            else "",
            errors=[_fold(error) for error in list_errors(instance)],
        )
        for instance in instances
    ]


def _fold(error: str) -> ErrorText:
    first_line = error.partition("\n")[0]
    is_short = first_line == error and len(error) <= _MAX_ERROR_CHARACTERS
    return ErrorText(error, None if is_short else first_line[:_MAX_ERROR_CHARACTERS])
