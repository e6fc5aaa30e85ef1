"""What comes of a trigger and of a question to a human, as a seed or a person says it: values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class TriggerOutcome:
    """What a trigger does.

    Attributes:
        task_id: the task that is deferred to it.
        map_index: the task instance; None for all of the task.
        event: the payload of its event.
        error: why it fails, in the place of an event.
    """

    task_id: str
    map_index: int | None = None
    event: Any = field(default=None, repr=False)
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class HumanOutcome:
    """What a human answers.

    Attributes:
        task_id: the task that asks.
        map_index: the task instance; None for all of the task.
        chosen: the chosen options.
        params: what is typed into the form, by field.
        timed_out: whether nobody answers in time, so that the defaults are taken.
    """

    task_id: str
    map_index: int | None = None
    chosen: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    timed_out: bool = False
