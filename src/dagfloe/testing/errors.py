"""What this package raises."""

from __future__ import annotations

from dagfloe.errors import DagfloeError


class MisuseError(DagfloeError):
    """The test asks for something that cannot be: an answer to a task that did not ask, a file without the task."""


class TaskStateError(DagfloeError, AssertionError):
    """A task did not end as the test expected; the message holds its log."""
