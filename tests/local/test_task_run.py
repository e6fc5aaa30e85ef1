"""Tests of the task instance to run."""

from __future__ import annotations

from dagfloe.local.task_run import TaskRun


def test_repr_hides_conf() -> None:
    """A task's repr does not show the run's configuration."""
    assert "hunter2" not in repr(TaskRun(dag_id="d", task_id="t", run_id="r", conf={"a": "hunter2"}))
