"""Test tasks without an Airflow: in memory, over real sockets, or as the frozen file. Never frozen into a bundle.

Start with a `TaskEnvironment`; the pytest plugin gives one as the fixture `dagfloe_env`::

    def test_total(dagfloe_env):
        dagfloe_env.xcoms["extract"] = [{"amount": 2}]
        result = dagfloe_env.run(total)
        assert result.state == "success"
        assert result.value == 2.0
"""

from __future__ import annotations

from dagfloe.local.limits import Limits
from dagfloe.local.records import LogRecord
from dagfloe.testing.environment import TaskEnvironment
from dagfloe.testing.errors import MisuseError, TaskStateError
from dagfloe.testing.facts import DagRunFacts
from dagfloe.testing.log import Log
from dagfloe.testing.result import Result

__all__ = [
    "DagRunFacts",
    "Limits",
    "Log",
    "LogRecord",
    "MisuseError",
    "Result",
    "TaskEnvironment",
    "TaskStateError",
]
