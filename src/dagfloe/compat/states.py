"""Airflow's enums, as `airflow.sdk` has them. Their members are strings.

In `airflow.utils`, `str` of a member is its value; here it is its name, as `TaskInstanceState.FAILED`.
"""

from __future__ import annotations

from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class DagRunState(str, Enum):
    """The states of Dag runs."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class DagRunType(str, Enum):
    """What started a Dag run."""

    BACKFILL = "backfill"
    SCHEDULED = "scheduled"
    MANUAL = "manual"
    OPERATOR_TRIGGERED = "operator_triggered"
    ASSET_TRIGGERED = "asset_triggered"
    ASSET_MATERIALIZATION = "asset_materialization"


class TaskInstanceState(str, Enum):
    """The states of task instances."""

    REMOVED = "removed"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    RESTARTING = "restarting"
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"


class TriggerRule(str, Enum):
    """The trigger rules of tasks."""

    ALL_SUCCESS = "all_success"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ALL_DONE_MIN_ONE_SUCCESS = "all_done_min_one_success"
    ALL_DONE_SETUP_SUCCESS = "all_done_setup_success"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    NONE_FAILED = "none_failed"
    NONE_SKIPPED = "none_skipped"
    ALWAYS = "always"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    ALL_SKIPPED = "all_skipped"


class WeightRule(str, Enum):
    """How Airflow computes the priority of a task."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    ABSOLUTE = "absolute"


class _Shown(str, Enum):
    def __str__(self) -> str:
        return str(self.value)


def _show(kind: type[Enum]) -> Any:
    """The same enum, whose members show their values."""
    return _Shown(kind.__name__, [(member.name, member.value) for member in kind])  # type: ignore[call-overload]


ShownDagRunState = _show(DagRunState)
ShownDagRunType = _show(DagRunType)
ShownTaskInstanceState = _show(TaskInstanceState)
ShownTriggerRule = _show(TriggerRule)
ShownWeightRule = _show(WeightRule)
