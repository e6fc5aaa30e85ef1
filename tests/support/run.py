"""Runs one task with the runtime's task runner and an Airflow in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe import Bundle, Client
from dagfloe.masking import Secrets
from dagfloe.runtime.process.signals import TimeLimit
from dagfloe.runtime.task_runner import TaskRunner
from dagfloe.runtime.wire.messages import Startup
from dagfloe.runtime.wire.requests import TERMINAL_STATES
from support.memory import Airflow, context, log_with_python
from support.schemas import violations

if TYPE_CHECKING:
    from dagfloe import Context, Dag


class Run:
    """Runs the task `t` of a Dag, with an Airflow in memory."""

    def __init__(self) -> None:
        self.bundle = Bundle()
        self.dag: Dag = self.bundle.dag("d")
        self.airflow = Airflow()
        self.secrets = Secrets()

    def __call__(
        self, *, should_retry: bool = False, task_id: str = "t", ti: dict[str, Any] | None = None, **startup: Any
    ) -> dict[str, Any]:
        """Run the task; return the terminal message, checked against the schema."""
        running = context(should_retry=should_retry, task_id=task_id, **(ti or {}))
        client = self.client(running)
        details = Startup(context=running, **startup)
        message = TaskRunner(self.bundle, details, client, self.secrets, TimeLimit, log_with_python).run()
        assert violations(message, details.schema_version) == []
        assert message["state"] in TERMINAL_STATES[message["type"]]
        return message

    def sent(self) -> list[str]:
        """The types of the requests."""
        return [body["type"] for body in self.airflow.requests]

    def client(self, running: Context | None = None) -> Client:
        """A client of the task `t`, or of the task of another context."""
        return Client(self.airflow, running or context(), self.secrets, self.bundle)
