"""What a bundle must never do: things over which the real supervisor loses the task. Imports only errors."""

from __future__ import annotations

from dagfloe.errors import ProtocolError


class TaskLost(ProtocolError):
    """The bundle sent something that breaks the real supervisor's own loop, and with it the task."""
