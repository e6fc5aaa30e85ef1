"""Registration: a `Bundle` holds Dags, a Dag holds tasks. Nothing here runs a task."""

from __future__ import annotations

from dagfloe.authoring.dag import Dag
from dagfloe.authoring.graph import check_id
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from dagfloe.authoring.dag import Task
    from dagfloe.authoring.options import SchedulingOptions
    from dagfloe.model.assets import Asset


class Bundle:
    """What one bundle file offers to Airflow. A project has one, named in `[tool.dagfloe] bundle`."""

    def __init__(self) -> None:
        self._dags: dict[str, Dag] = {}

    def __repr__(self) -> str:
        return f"Bundle(dags={list(self._dags)!r})"

    @property
    def dags(self) -> Mapping[str, Dag]:
        """The registered Dags by dag_id, in the order of registration."""
        return self._dags

    def dag(
        self,
        dag_id: str,
        *,
        schedule: str | timedelta | Sequence[Asset] | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        catchup: bool | None = None,
        tags: Collection[str] | None = None,
        params: Mapping[str, object] | None = None,
        description: str | None = None,
        doc_md: str | None = None,
        max_active_runs: int | None = None,
        max_active_tasks: int | None = None,
        dagrun_timeout: timedelta | float | None = None,
        default_args: SchedulingOptions | None = None,
    ) -> Dag:
        """Register a Dag.

        All but the id is for Airflow's scheduler, which it reaches with the stub Dag that is made from the bundle; a
        stub Dag that is written by hand says it itself.

        Args:
            dag_id: the Dag's id in Airflow.
            schedule: a cron text such as `@daily`, a timedelta, or assets which all must have had an event.
            start_date: from when on it is scheduled; without a time zone it is UTC.
            end_date: until when.
            catchup: whether runs of the past are made up for.
            tags: texts to find it by.
            params: values by name, which a run may be triggered with others of.
            description: one line for the list of Dags.
            doc_md: documentation in Markdown.
            max_active_runs: how many runs there are at a time.
            max_active_tasks: how many task instances run at a time.
            dagrun_timeout: how long a run may take, as a timedelta or in seconds.
            default_args: options that its tasks have unless they say otherwise: see `Dag.task`.

        Raises:
            RegistrationError: for an id that Airflow does not accept, one that is taken, or an option that does not
                hold what it should.
        """
        check_id("dag_id", dag_id)
        if dag_id in self._dags:
            raise RegistrationError(
                f"the bundle has two Dags with the dag_id {dag_id!r}: register it once and share it"
            )
        declared = {
            "schedule": schedule,
            "start_date": start_date,
            "end_date": end_date,
            "catchup": catchup,
            "tags": tags,
            "params": params,
            "description": description,
            "doc_md": doc_md,
            "max_active_runs": max_active_runs,
            "max_active_tasks": max_active_tasks,
            "dagrun_timeout": dagrun_timeout,
            "default_args": default_args,
        }
        given = {name: value for name, value in declared.items() if value is not None}
        dag = self._dags[dag_id] = Dag(dag_id, **given)
        return dag

    def find(self, dag_id: str, task_id: str) -> Task | None:
        """The task registered under these ids, if there is one."""
        dag = self._dags.get(dag_id)
        return dag.tasks.get(task_id) if dag else None
