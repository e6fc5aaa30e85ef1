"""Tests tasks without an Airflow: in memory, over real sockets, or as the frozen file. Never part of a bundle file.

Start with a `TaskEnvironment`; the pytest plugin provides one as the fixture `dagfloe_env`::

    def test_total(dagfloe_env):
        dagfloe_env.xcoms["extract"] = [{"amount": 2}]
        result = dagfloe_env.run(total)
        assert result.state == "success"
        assert result.value == 2.0
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.store.run_records import DagRunRecord, TaskInstanceRecord
    from dagfloe.local.supervise.limits import Limits
    from dagfloe.testing.dag_run import DagRunFacts
    from dagfloe.testing.environment import TaskEnvironment
    from dagfloe.testing.errors import MisuseError, TaskStateError
    from dagfloe.testing.log import Log
    from dagfloe.testing.result import Result

__all__ = [
    "DagRunFacts",
    "DagRunRecord",
    "Limits",
    "Log",
    "LogRecord",
    "MisuseError",
    "Result",
    "TaskEnvironment",
    "TaskInstanceRecord",
    "TaskStateError",
]
#: Imported at their first use, because pytest imports this package with the plugin in every session.
_LAZY_MODULES = {
    "DagRunFacts": "dagfloe.testing.dag_run",
    "DagRunRecord": "dagfloe.local.store.run_records",
    "Limits": "dagfloe.local.supervise.limits",
    "Log": "dagfloe.testing.log",
    "LogRecord": "dagfloe.local.log.records",
    "MisuseError": "dagfloe.testing.errors",
    "Result": "dagfloe.testing.result",
    "TaskEnvironment": "dagfloe.testing.environment",
    "TaskInstanceRecord": "dagfloe.local.store.run_records",
    "TaskStateError": "dagfloe.testing.errors",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY_MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_LAZY_MODULES[name]), name)
    return value
