"""The bundle, which holds the registered Dags. It runs no task."""

from __future__ import annotations

import sys

from dagfloe.authoring.dag import Dag
from dagfloe.authoring.graph import check_id
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType
    from typing import Any, overload

    from typing_extensions import Unpack

    from dagfloe.authoring.dag import Task
    from dagfloe.authoring.scheduling.dag_options import DagOptions
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

        All options are for Airflow's scheduler. dagfloe writes them into the Dag that it makes from the bundle. If you
        write a stub Dag by hand, set them there.

        Args:
            dag_id: the Dag's id in Airflow; only the decorator works without it.
            options: as follows.

        Options:
            schedule: a cron expression or preset such as `@daily`, a timedelta, an asset, a condition of assets such as
                `a & (b | c)`, or a list of assets; with a list, a run starts after all of them had an event. With
                `@continuous`, set `max_active_runs=1`.
            start_date: when scheduling starts; a datetime without a time zone is in UTC. Its time zone is that of a
                cron schedule.
            end_date: when scheduling ends.
            catchup: whether Airflow creates the runs that it missed; needs a `start_date`.
            tags: labels to search for, of at most 100 characters.
            params: default params by name, or `Param` objects; the user who triggers a run may override them.
            description: one line for the list of Dags.
            doc_md: documentation in Markdown.
            dag_display_name: the name that Airflow shows.
            max_active_runs: how many runs may be active at a time.
            max_active_tasks: how many task instances of a run may run at a time.
            max_consecutive_failed_dag_runs: after how many failed runs in a row Airflow pauses the Dag; 0 for never.
            dagrun_timeout: how long a run may take, as a timedelta or in seconds.
            deadline: a `DeadlineAlert`, or a list of them.
            default_args: default options for its tasks: see `Dag.task`.
            fail_fast: whether a failed task ends the other tasks of its run; all trigger rules are `all_success` then.
            is_paused_upon_creation: whether Airflow creates the Dag paused.
            allowed_run_types: the types of runs that Airflow creates, such as `scheduled` and `manual`.
            owner_links: links of owners, such as `https://host/page` or `mailto:name@host`.
            access_control: the permissions of roles, by resource; only Airflow's FAB auth manager reads it.
            disable_bundle_versioning: whether all runs use the newest version of the Dag bundle.
            rerun_with_latest_version: whether a cleared run uses the newest version of the Dag bundle.

        Raises:
            RegistrationError: if Airflow does not accept the id, another Dag has the id, an option has a wrong value,
                or two options do not fit together.
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
        dag.module = _calling_module()
        return dag

    def find(self, dag_id: str, task_id: str) -> Task | None:
        """The task with these ids; None if the bundle has no such task."""
        dag = self.dags.get(dag_id)
        return dag.tasks.get(task_id) if dag else None


def _calling_module() -> str | None:
    """The name of the author's module that calls; None if it is unknown."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - inspect would slow down every task
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("dagfloe."):
        frame = frame.f_back
    name = None if frame is None else frame.f_globals.get("__name__")
    return name if isinstance(name, str) else None
