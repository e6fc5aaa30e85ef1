"""The running task, where `Variable.get`, `get_current_context` and the like find it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from dagfloe.client import Client

    class Session(Protocol):
        """A running task, as `dagfloe.compat.session` makes it."""

        client: Client

        @property
        def context(self) -> dict[str, Any]:
            """Airflow's context of the task."""


#: The running tasks; the last one is the current one.
sessions: list[Session] = []


def current_session(name: str) -> Session:
    """The running task.

    Args:
        name: what the author's code called, for the error.

    Raises:
        RuntimeError: if no task is running, for example while the author's module is imported.
    """
    if not sessions:
        raise RuntimeError(f"{name} was called outside a running task: call it in the task's function")
    return sessions[-1]
