"""Functions and declarations that a bundle and an ordinary Dag file of Airflow share."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta, timezone

#: The params of the Dag `with_params`: the default and the schema of each. Without a default, a run must have a value.
PARAMS = {
    "limit": ([5], {"type": "integer", "minimum": 1}),
    "mode": (["fast"], {"enum": ["fast", "slow", None]}),
    "day": ([], {"type": "string", "format": "date"}),
    "tags": ([["a"]], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
}
#: Values without a schema.
PLAIN_PARAMS = {"table": "orders", "filter": {"a": 1}}


def read_params(params):
    return dict(params)


# Callbacks. A callback prints a line, and sets a variable of its own name.

#: The options of tasks for callbacks.
KINDS = (
    "on_execute_callback",
    "on_success_callback",
    "on_failure_callback",
    "on_retry_callback",
    "on_skipped_callback",
)


class Ends:
    """The ends of a task, as each side raises them."""

    def __init__(self, skipped, failed, rescheduled):
        self.skipped = skipped
        self.failed = failed
        self.rescheduled = rescheduled


def succeed(_ends):
    print("<work>")
    return {"rows": 3}


def fail(_ends):
    raise ValueError("<no rows>")


def fail_for_good(ends):
    raise ends.failed("<never>")


def skip(ends):
    raise ends.skipped("<nothing to do>")


def reschedule(ends):
    raise ends.rescheduled(datetime.now(timezone.utc) + timedelta(hours=1))


def leave(_ends):
    sys.exit(3)


def wait(_ends):
    print("<waits>", flush=True)
    for _ in range(120):
        time.sleep(0.5)


def return_no_json(_ends):
    return object()


FUNCTIONS = {
    function.__name__: function
    for function in (succeed, fail, fail_for_good, skip, reschedule, leave, wait, return_no_json)
}
TIMEOUT_S = 1


def describe(name, task_id, exception):
    print(f"<{name} of {task_id}: {type(exception).__name__}: {exception}>")


def raise_in_callback(_context):
    print("<raises>")
    raise RuntimeError("in the callback")


def exit_in_callback(_context):
    print("<exits>")
    sys.exit(4)
