"""The bundle, which holds the registered Dags. It runs no task."""

from __future__ import annotations

from dagfloe.authoring.dag import Dag
from dagfloe.authoring.graph import check_id
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, overload

    from typing_extensions import Unpack

    from dagfloe.authoring.dag import Task
    from dagfloe.authoring.options import DagOptions
    from dagfloe.authoring.taskflow.unnamed_dag import UnnamedDag


class Bundle:
    """The Dags of a bundle file. A project has one bundle; `[tool.dagfloe] bundle` names it."""

    def __init__(self) -> None:
        self._dags: dict[str, Dag] = {}
        self._unnamed: list[UnnamedDag] = []

    def __repr__(self) -> str:
        return f"Bundle(dags={list(self._dags)!r})"

    @property
    def dags(self) -> Mapping[str, Dag]:
        """The registered Dags by dag_id, in the order of registration.

        This calls the functions of Dags that were not called.

        Raises:
            RegistrationError: if such a function needs arguments, or a Dag has neither a dag_id nor a function.
        """
        for unnamed in self._unnamed:
            unnamed.finish()
        for dag in tuple(self._dags.values()):
            dag.finish()
        return self._dags

    if TYPE_CHECKING:

        @overload
        def dag(self, dag_id: str, **options: Unpack[DagOptions]) -> Dag: ...

        @overload
        def dag(self, dag_id: None = None, **options: Unpack[DagOptions]) -> UnnamedDag: ...

        @overload
        def dag(self, dag_id: Callable[..., object], /) -> Callable[..., Dag]: ...

    def dag(self, dag_id: Any = None, **options: Any) -> Any:
        """Register a Dag, as `dag = bundle.dag("sales", ...)` or with the decorator `@bundle.dag(...)`.

        The decorator belongs above a function whose body calls tasks: see `Dag.__call__`. Its dag_id is by default the
        function's name.

        All options are for Airflow's scheduler. dagfloe writes them into the stub Dag that it generates from the
        bundle. If you write the stub Dag by hand, set them there.

        Args:
            dag_id: the Dag's id in Airflow; only the decorator works without it.
            options: as follows.

        Options:
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
        if dag_id is None or callable(dag_id):
            from dagfloe.authoring.taskflow.unnamed_dag import UnnamedDag  # noqa: PLC0415 - few Dags are functions

            unnamed = UnnamedDag(lambda dag_id: self.dag(dag_id, **options))
            self._unnamed.append(unnamed)
            return unnamed if dag_id is None else unnamed(dag_id)
        check_id("dag_id", dag_id)
        if dag_id in self._dags:
            raise RegistrationError(
                f"the bundle has two Dags with the dag_id {dag_id!r}: register it once and share it"
            )
        dag = self._dags[dag_id] = Dag(dag_id, **options)
        return dag

    def find(self, dag_id: str, task_id: str) -> Task | None:
        """The task with these ids; None if the bundle has no such task."""
        dag = self.dags.get(dag_id)
        return dag.tasks.get(task_id) if dag else None
