"""The dimensions of conformance: Airflow's list for language SDKs, and further promises of dagfloe."""

from __future__ import annotations

from typing import NamedTuple

#: Airflow's list, with the tiers.
LIST = "https://github.com/apache/airflow/blob/main/contributing-docs/30_new_language_sdk.rst"


class Dimension(NamedTuple):
    """One row of the table.

    Attributes:
        name: the name, as in Airflow's list if it is there.
        tier: MUST, SHOULD or MAY; empty for dimensions beyond the list.
        description: what the tests show.
        since: the first Airflow whose supervisor offers it.
    """

    name: str
    tier: str
    description: str
    since: str = "3.3"


STATES = (
    Dimension("success", "MUST", "`SucceedTask`; the API server receives `success`"),
    Dimension("failed", "MUST", "`TaskState` failed, also for exceptions that are never retried"),
    Dimension("up_for_retry", "MUST", "`RetryTask` with `retry_reason`, as `should_retry` allows"),
    Dimension("skipped", "SHOULD", "`TaskState` skipped"),
    Dimension("deferred", "MAY", "`DeferTask` with class path, kwargs and timeout"),
    Dimension("up_for_reschedule", "MAY", "`RescheduleTask`, from an exception and from `client.poke`"),
    Dimension("awaiting_input", "MAY", "`AwaitInputTask` after the question; a polling trigger as an alternative"),
    Dimension("removed", "MAY", "`TaskState` removed for a task that is not in the bundle"),
)
CAPABILITIES = (
    Dimension("mixed-lang-stub-target", "MUST", "the coordinator finds the bundle by its Dag and runs the stub's task"),
    Dimension("taskflow-binding", "MUST", "literal and XCom arguments, checked against annotations"),
    Dimension("task-logging", "MUST", "log records, printed lines and warnings, with level, logger and fields"),
    Dimension("xcom-read-write", "MUST", "XComs of any task, run and map index; prior dates; delete"),
    Dimension("connection-read", "MUST", "by id; the password is masked"),
    Dimension("variable-read-write", "MUST", "read, write, delete, list in pages"),
    Dimension("self-contained-bundle", "MUST", "Airflow finds the single file by its embedded manifest"),
    Dimension("retry-policy", "MAY", "the author's policy decides: retry with delay and reason, or fail"),
    Dimension("task-state-store", "MAY", "get, set with retention, delete, clear"),
    Dimension("asset-state-store", "MAY", "by name and by URI: get, set, delete, clear"),
    Dimension("asset-event-emit", "MAY", "outlets with extra; events under an alias"),
    Dimension("asset-event-read", "MAY", "events of assets and aliases; those that triggered the run"),
)
FURTHER = (
    Dimension("resume", "", "the resumed function receives event and kwargs, decoded from Airflow's serialization"),
    Dimension(
        "failed-trigger", "", "if the trigger fails, the resumed task fails; the log contains the trigger's traceback"
    ),
    Dimension("human-answer", "", "the answer is a typed record; a timeout without defaults fails"),
    Dimension("sensor", "", "success, timeout since the first reschedule, soft fail"),
    Dimension("declared-wiring", "", "the bundle binds `load(transform(extract()))`, literals, keys and nested values"),
    Dimension("mapped-tasks", "", "the item of a mapped task instance; the length that Airflow needs for mapping"),
    Dimension(
        "xcom-sequences", "", "the results of mapped upstream tasks as a lazy sequence: len, index, slice, iterate"
    ),
    Dimension("xcom-cleared-on-retry", "", "a new try first deletes the XComs of the earlier try"),
    Dimension("multiple-outputs", "", "each key of a returned dict becomes an XCom"),
    Dimension("large-xcom", "", "50 MB read and written"),
    Dimension("branch", "", "the tasks that the branch did not choose are skipped"),
    Dimension("short-circuit", "", "all tasks after it are skipped"),
    Dimension("dag-run-queries", "", "run, state, counts, previous, breadcrumbs, task states, Dag"),
    Dimension("dag-run-trigger", "", "trigger, error if the run exists, wait"),
    Dimension("inlets-outlets-validation", "", "inactive assets fail the task before it starts"),
    Dimension("mask-secret", "", "masked before the record leaves the process, and by the supervisor"),
    Dimension(
        "rendered-fields", "", "rendered fields are shown and masked; the label of the map index stays until the end"
    ),
    Dimension("trace-context", "", "every request contains the W3C carrier; the task can read it"),
    Dimension("execution-timeout", "", "the task ends at the timeout, and is retried"),
    Dimension("arg-bindings", "", "the stub Dag's arguments, by name and by position", "3.4"),
    Dimension("dag-run-note", "", "the task updates the note of the run", "3.4"),
    Dimension("supervised-timeout", "", "the supervisor ends a hanging process after the timeout", "3.4"),
    Dimension("newer-filters", "", "asset events by partition and extra; XCom of the previous iteration", "3.4"),
    Dimension("policy-reason", "", "the API server receives the policy's reason to fail", "3.4"),
)
GROUPS = {
    "States": STATES,
    "Runtime capabilities": CAPABILITIES,
    "Beyond the list": FURTHER,
}
DIMENSIONS = {dimension.name: dimension for group in GROUPS.values() for dimension in group}
