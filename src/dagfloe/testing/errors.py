"""The errors that this package raises."""

from __future__ import annotations

from dagfloe.errors import DagfloeError


class MisuseError(DagfloeError):
    """The test requests something impossible, such as an answer for a task that has not asked a question."""


class TaskStateError(DagfloeError, AssertionError):
    """A task did not end as the test expected. The message has its log."""
