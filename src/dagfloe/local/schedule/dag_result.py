"""The result of a Dag run: values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from dagfloe.local.schedule.instances import Instance
    from dagfloe.local.schedule.manifest_graph import Graph

#: The state of a Dag run that was stopped before its end. Airflow has no such state.
INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True)
class DagResult:
    """The result of a Dag run.

    Attributes:
        graph: the Dag.
        run_id: the run's id.
        state: `success`, `failed` or `interrupted`. As in Airflow, the last tasks decide it.
        start_date: when the run started, aware.
        seconds: how long the run took.
        jobs: the number of task instances that could run at the same time.
        instances: the task instances, in the order of the graph.
    """

    graph: Graph
    run_id: str
    state: str
    start_date: datetime
    seconds: float
    jobs: int
    instances: tuple[Instance, ...]
