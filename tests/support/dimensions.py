"""What conformance is measured by: Airflow's list for language SDKs, and what dagfloe promises beside it."""

from __future__ import annotations

from typing import NamedTuple

#: Airflow's own list, of which the tiers are.
LIST = "https://github.com/apache/airflow/blob/main/contributing-docs/30_new_language_sdk.rst"


class Dimension(NamedTuple):
    """One row of the table.

    Attributes:
        name: as in Airflow's list, where it is in there.
        tier: MUST, SHOULD or MAY of that list; empty for what is beside it.
        what: what is shown.
        since: the first Airflow whose supervisor can do it.
    """

    name: str
    tier: str
    what: str
    since: str = "3.3"


STATES = (
    Dimension("success", "MUST", "`SucceedTask`; the API is told `success`"),
    Dimension("failed", "MUST", "`TaskState` failed, also for exceptions that are never retried"),
    Dimension("up_for_retry", "MUST", "`RetryTask` with `retry_reason`, as `should_retry` says"),
    Dimension("skipped", "SHOULD", "`TaskState` skipped"),
    Dimension("deferred", "MAY", "`DeferTask` with class path, kwargs and timeout"),
    Dimension("up_for_reschedule", "MAY", "`RescheduleTask`, from an exception and from `client.poke`"),
    Dimension("awaiting_input", "MAY", "`AwaitInputTask` after the question was put; a polling trigger instead"),
    Dimension("removed", "MAY", "`TaskState` removed for a task that the bundle does not have"),
)
CAPABILITIES = (
    Dimension("mixed-lang-stub-target", "MUST", "the coordinator finds the bundle by its Dag and runs the stub's task"),
    Dimension("taskflow-binding", "MUST", "literal and XCom arguments, checked against annotations"),
    Dimension("task-logging", "MUST", "records, print and warnings, with level, logger and fields"),
    Dimension("xcom-read-write", "MUST", "any task, run and map index, prior dates, delete"),
    Dimension("connection-read", "MUST", "by id, its password masked"),
    Dimension("variable-read-write", "MUST", "read, write, delete, list in pages"),
    Dimension("self-contained-bundle", "MUST", "the file alone, found by its embedded manifest"),
    Dimension("retry-policy", "MAY", "retry with delay and reason, or fail, decided by the author"),
    Dimension("task-state-store", "MAY", "get, set with retention, delete, clear"),
    Dimension("asset-state-store", "MAY", "by name and by URI: get, set, delete, clear"),
    Dimension("asset-event-emit", "MAY", "outlets with extra; events under an alias"),
    Dimension("asset-event-read", "MAY", "events of assets and aliases; those that triggered the run"),
)
BESIDE = (
    Dimension("resume", "", "the resumed call gets event and kwargs, decoded from Airflow's serialization"),
    Dimension("failed-trigger", "", "a trigger's failure fails the resumed task, with the trigger's stack"),
    Dimension("human-answer", "", "the answer is a typed record; a timeout without defaults fails"),
    Dimension("sensor", "", "found, timeout counted from the first reschedule, soft fail"),
    Dimension("declared-wiring", "", "`load(transform(extract()))`, literals, keys, nesting: bound from the bundle"),
    Dimension("mapped-tasks", "", "the item of a mapped task instance; the length for mapping"),
    Dimension("xcom-sequences", "", "mapped upstreams as a lazy sequence: len, index, slice, iterate"),
    Dimension("xcom-cleared-on-retry", "", "keys of an earlier try are deleted first"),
    Dimension("multiple-outputs", "", "each key of a map is an XCom"),
    Dimension("large-xcom", "", "50 MB read and written"),
    Dimension("branch", "", "the tasks that were not chosen are skipped"),
    Dimension("short-circuit", "", "all tasks after it are skipped"),
    Dimension("dag-run-queries", "", "run, state, counts, previous, breadcrumbs, task states, Dag"),
    Dimension("dag-run-trigger", "", "trigger, exists already, wait"),
    Dimension("inlets-outlets-validation", "", "inactive assets fail the task before it begins"),
    Dimension("mask-secret", "", "masked before the record leaves the process, and by the supervisor"),
    Dimension("rendered-fields", "", "shown fields, masked; the label of the map index kept to the end"),
    Dimension("trace-context", "", "the W3C carrier goes with every request; the author sees it"),
    Dimension("execution-timeout", "", "the task is ended in time, and retried"),
    Dimension("arg-bindings", "", "the stub Dag's arguments, by name and by position", "3.4"),
    Dimension("dag-run-note", "", "the run's note is updated", "3.4"),
    Dimension("supervised-timeout", "", "a process that is stuck is ended by the supervisor after the timeout", "3.4"),
    Dimension("newer-filters", "", "asset events by partition and extra; XCom of the previous iteration", "3.4"),
    Dimension("policy-reason", "", "why a policy gave up reaches the API", "3.4"),
)
GROUPS = {
    "States": STATES,
    "Runtime capabilities": CAPABILITIES,
    "Beside the list": BESIDE,
}
DIMENSIONS = {each.name: each for group in GROUPS.values() for each in group}
