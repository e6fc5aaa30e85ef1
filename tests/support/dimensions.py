"""The dimensions of conformance: Airflow's list for language SDKs, and further promises of dagfloe."""

from __future__ import annotations

from typing import NamedTuple

#: Airflow's list, with the tiers.
LIST = "https://github.com/apache/airflow/blob/main/contributing-docs/30_new_language_sdk.rst"


class Dimension(NamedTuple):
    """One row of the table.

    Attributes:
        name: the name, as in Airflow's list if it is there.
        tier: MUST, SHOULD or MAY; empty for dimensions beyond the list, and `?` if the tier is not known. A `†` stands
            at the tiers that count only for SDKs that can define Dags.
        description: what the tests show; for a row without a test, the reason.
        since: the first Airflow that offers it.
        untested: `no` or `not offered` for a row without a test.
        extent: in the comparison, what stands after dagfloe's "yes".
    """

    name: str
    tier: str
    description: str
    since: str = "3.3"
    untested: str = ""
    extent: str = ""


COMMON = (
    Dimension("success", "MUST", "`SucceedTask`; the API server receives `success`"),
    Dimension("failed", "MUST", "`TaskState` failed, also for exceptions that are never retried"),
    Dimension("up_for_retry", "MUST", "`RetryTask` with `retry_reason`, as `should_retry` allows"),
    Dimension("skipped", "SHOULD", "`TaskState` skipped"),
    Dimension("deferred", "MAY", "`DeferTask` with class path, kwargs and timeout"),
    Dimension("up_for_reschedule", "MAY", "`RescheduleTask`, from an exception and from `client.poke`"),
    Dimension("awaiting_input", "MAY", "`AwaitInputTask` after the question; a polling trigger as an alternative"),
    Dimension("removed", "MAY", "`TaskState` removed for a task that is not in the bundle"),
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
    Dimension(
        "object-store",
        "MAY",
        "a task reads and writes files with the fsspec in its own bundle file, at the place and with the options of a "
        "connection; dagfloe itself has no class for paths in object stores",
        extent="with fsspec in the bundle file",
    ),
    Dimension(
        "listeners",
        "?",
        "they are plugins in Airflow's Python; the task's process runs without Airflow",
        untested="no",
    ),
)
DAG_DEFINITION = (
    Dimension(
        "native-dag-authoring",
        "SHOULD",
        "Airflow's Dag processor stores the Dags of a bundle file with their source; the same file runs the tasks",
        "3.4",
    ),
    Dimension("task-args", "MUST †", "literals and XComs in the serialized Dag; Airflow sends them to the task", "3.4"),
    Dimension(
        "dag-params",
        "MUST †",
        "params with schemas, which Airflow checks; the task gets the defaults merged with the run's conf",
        "3.4",
    ),
    Dimension(
        "taskflow-dependencies",
        "MUST †",
        "nested calls such as `load(transform(extract()))` make the edges; each task gets the value returned before it",
        "3.4",
    ),
    Dimension("branching", "SHOULD †", "the tasks that the branch did not choose are skipped", "3.4"),
    Dimension(
        "dag-test",
        "SHOULD †",
        "`dagfloe run FILE` runs the whole Dag; Airflow's `airflow dags test` refuses the Dags of all language SDKs",
        "3.4",
        extent="with `dagfloe run`",
    ),
    Dimension("task-group", "MAY †", "nested groups with their tooltips; a task in a group runs", "3.4"),
    Dimension(
        "dynamic-task-mapping",
        "MAY †",
        "over a list and over an XCom; Airflow expands the tasks, and the bundle file binds each item",
        "3.4",
    ),
    Dimension("asset-inlets-outlets", "MAY †", "Airflow stores them; the task's events have their extra", "3.4"),
    Dimension(
        "asset-scheduling", "MAY †", "assets, all or any of them: after their events, Airflow finds the Dag due", "3.4"
    ),
    Dimension(
        "asset-definition", "?", "assets with name, URI, group and extra are in Airflow's table, and active", "3.4"
    ),
    Dimension(
        "callbacks",
        "?",
        "Airflow 3.4 sends no callbacks to language SDKs: its Dag processor drops them with a line in its log",
        untested="not offered",
    ),
    Dimension(
        "provider operators",
        "?",
        "Airflow's operators run in Airflow's Python, and a task of a native Dag does not",
        untested="no",
    ),
)
STUB_HANDLERS = (
    Dimension(
        "mixed-lang-stub-target",
        "MUST",
        "Airflow reads the stub Dag file that `dagfloe stub` writes, finds the bundle file by the Dag, and runs the "
        "stub's task with it",
    ),
    Dimension(
        "taskflow-binding",
        "MUST",
        "literals and XComs, checked against annotations. 3.4: Airflow sends the arguments of the stub's call. "
        "3.3: Airflow sends none, and the bundle file binds those of its own `with dag:` block",
    ),
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
    "Common": COMMON,
    "Dag definition": DAG_DEFINITION,
    "Stub task handlers": STUB_HANDLERS,
    "Beyond the list": FURTHER,
}
DIMENSIONS = {dimension.name: dimension for group in GROUPS.values() for dimension in group}
