"""Constants that several packages share. Imports nothing."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: The key of the XCom that holds a task's return value.
RETURN_VALUE = "return_value"

#: The queue of tasks that declare none, in stub Dags and in native Dags.
DEFAULT_QUEUE = "dagfloe"
#: The trigger rule that Airflow gives every teardown.
TEARDOWN_RULE = "all_done_setup_success"

#: Exit statuses of bundle files and of the `dagfloe` command.
EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

# The states of task instances, by Airflow's names

SUCCESS: Final = "success"
FAILED: Final = "failed"
SKIPPED: Final = "skipped"
REMOVED: Final = "removed"
UPSTREAM_FAILED: Final = "upstream_failed"
UP_FOR_RETRY: Final = "up_for_retry"
UP_FOR_RESCHEDULE: Final = "up_for_reschedule"
DEFERRED: Final = "deferred"
AWAITING_INPUT: Final = "awaiting_input"
QUEUED: Final = "queued"
RUNNING: Final = "running"

#: A task instance in one of these states has ended.
FINISHED = frozenset({SUCCESS, FAILED, SKIPPED, REMOVED, UPSTREAM_FAILED})
#: A Dag run fails when one of its last tasks is in one of these states.
BAD = frozenset({FAILED, UPSTREAM_FAILED, REMOVED})

#: The environment variable with which `dagfloe build --check` names the bundle file to the author's tests.
BUNDLE_FILE_VARIABLE = "DAGFLOE_BUNDLE_FILE"
