"""The bundle, which holds the registered Dags. It runs no task."""

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
    """The Dags of a bundle file. A project has one bundle; `[tool.dagfloe] bundle` names it."""

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

        All options are for Airflow's scheduler. dagfloe writes them into the stub Dag that it generates from the
        bundle. If you write the stub Dag by hand, set them there.

        Args:
            dag_id: the Dag's id in Airflow.
            schedule: a cron expression or preset such as `@daily`, a timedelta, or assets; with assets, a run starts
                after all of them had an event.
            start_date: when scheduling starts; a datetime without a time zone is in UTC.
            end_date: when scheduling ends.
            catchup: whether Airflow creates the runs that it missed.
            tags: labels to search for.
            params: default params by name; the user who triggers a run may override them.
            description: one line for the list of Dags.
            doc_md: documentation in Markdown.
            max_active_runs: how many runs may be active at a time.
            max_active_tasks: how many task instances may run at a time.
            dagrun_timeout: how long a run may take, as a timedelta or in seconds.
            default_args: default options for its tasks: see `Dag.task`.

        Raises:
            RegistrationError: if Airflow does not accept the id, another Dag has the id, or an option has a wrong
                value.
        """
        check_id("dag_id", dag_id)
        if dag_id in self._dags:
            raise RegistrationError(
                f"the bundle has two Dags with the dag_id {dag_id!r}: register it once and share it"
            )
        options = {
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
        options = {name: value for name, value in options.items() if value is not None}
        dag = self._dags[dag_id] = Dag(dag_id, **options)
        return dag

    def find(self, dag_id: str, task_id: str) -> Task | None:
        """The task with these ids; None if the bundle has no such task."""
        dag = self._dags.get(dag_id)
        return dag.tasks.get(task_id) if dag else None
