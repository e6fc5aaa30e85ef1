"""The outcomes of triggers and of questions to a human, from a seed file or a person: values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class TriggerOutcome:
    """The outcome of a trigger: an event or an error.

    Attributes:
        task_id: the task that is deferred to the trigger.
        map_index: the task instance; None means all task instances of the task.
        event: the payload of the trigger's event.
        error: why the trigger fails; then it has no event.
    """

    task_id: str
    map_index: int | None = None
    event: Any = field(default=None, repr=False)
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class HumanOutcome:
    """A human's answer.

    Attributes:
        task_id: the task that asks.
        map_index: the task instance; None means all task instances of the task.
        chosen: the chosen options.
        params: the values of the form's fields, by name.
        timed_out: whether nobody answers in time, so that the defaults apply.
    """

    task_id: str
    map_index: int | None = None
    chosen: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    timed_out: bool = False
