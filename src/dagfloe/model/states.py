"""The states of task instances, by Airflow's names."""

from __future__ import annotations

SUCCESS, FAILED, SKIPPED, REMOVED = "success", "failed", "skipped", "removed"
UPSTREAM_FAILED = "upstream_failed"
UP_FOR_RETRY, UP_FOR_RESCHEDULE = "up_for_retry", "up_for_reschedule"
DEFERRED, AWAITING_INPUT = "deferred", "awaiting_input"
QUEUED, RUNNING = "queued", "running"

#: A task instance in one of these runs no more.
FINISHED = frozenset({SUCCESS, FAILED, SKIPPED, REMOVED, UPSTREAM_FAILED})
#: A Dag run has failed when one of its last tasks is in one of these.
BAD = frozenset({FAILED, UPSTREAM_FAILED, REMOVED})
