"""The error for what makes the real supervisor lose a task."""

from __future__ import annotations

from dagfloe.errors import ProtocolError


class TaskLost(ProtocolError):
    """The bundle sent something that breaks the loop of the real supervisor, which then loses the task."""
