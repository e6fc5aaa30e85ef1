"""Runs functions as tasks of a project with Airflow's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe import Bundle
from dagfloe.testing import TaskEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagfloe.testing import Result


def run(function: Callable[..., Any], env: TaskEnvironment | None = None, **options: Any) -> Result:
    """Run a function as a task of a new Dag."""
    return (env or TaskEnvironment()).run(Bundle().dag("etl").task(function), **options)
