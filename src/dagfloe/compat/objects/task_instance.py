"""Airflow's task instance, as a task's context has it under `ti`."""

from __future__ import annotations

from itertools import product

from dagfloe.constants import RETURN_VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from typing import Any

    from dagfloe.client import Client
    from dagfloe.client.task_instances import PreviousTaskInstance
    from dagfloe.compat.objects.operators import OperatorView
    from dagfloe.model.context import Context, DagRun

#: Stands for an argument that a call does not pass, because None is a value.
_NOTSET: Any = object()
#: Where Airflow's pages are, if the worker's environment does not say.
_BASE_URL = "http://localhost:8080"


class RuntimeTaskInstance:
    """The running task instance.

    Args:
        task: the task.
        context: dagfloe's context.
        client: the task's client.
        get_template_context: returns Airflow's context.
    """

    def __init__(
        self,
        task: OperatorView,
        context: Context,
        client: Client,
        get_template_context: Callable[[], dict[str, Any]],
    ) -> None:
        self._context = context
        self._client = client
        self.get_template_context = get_template_context
        self.task = task
        ti = context.ti
        self.id = ti.id
        self.dag_id = ti.dag_id
        self.task_id = ti.task_id
        self.run_id = ti.run_id
        self.try_number = ti.try_number
        self.map_index = ti.map_index
        self.max_tries = context.max_tries
        self.hostname = ti.hostname
        self.queue = ti.queue
        self.dag_version_id = ti.dag_version_id
        self.context_carrier = ti.context_carrier
        self.start_date = context.start_date
        self.end_date: datetime | None = None
        self.state: str | None = "running"
        self.is_mapped = ti.map_index >= 0
        self.priority_weight = task.priority_weight
        self.executor_config = task.executor_config

    def __repr__(self) -> str:
        return (
            f"RuntimeTaskInstance(dag_id={self.dag_id!r}, task_id={self.task_id!r}, run_id={self.run_id!r}, "
            f"try_number={self.try_number!r}, map_index={self.map_index!r})"
        )

    if not TYPE_CHECKING:  # type checkers shall find unknown names

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(
                f"the task instance in Airflow's context has no attribute {name!r} in a bundle: use dagfloe's Context "
                "and Client, as parameters of the task with these annotations"
            )

    @property
    def rendered_map_index(self) -> str | None:
        """The label that this try has set instead of its map index."""
        return self._client.rendered_map_index

    @property
    def log_url(self) -> str:
        """The page of the task's log in Airflow, at the address in `AIRFLOW__API__BASE_URL` of the worker."""
        import os  # noqa: PLC0415 - few tasks read it
        from urllib.parse import quote  # noqa: PLC0415 - as above

        base = os.environ.get("AIRFLOW__API__BASE_URL", "").rstrip("/") or _BASE_URL  # Airflow 3.4 sends "/" for none
        mapped = f"/mapped/{self.map_index}" if self.map_index >= 0 else ""
        place = f"dags/{self.dag_id}/runs/{quote(self.run_id)}/tasks/{self.task_id}{mapped}"
        return f"{base}/{place}?try_number={self.try_number}"

    @property
    def mark_success_url(self) -> str:
        """The same page."""
        return self.log_url

    # XComs

    def xcom_pull(
        self,
        task_ids: str | Iterable[str] | None = None,
        dag_id: str | None = None,
        key: str = RETURN_VALUE,
        include_prior_dates: bool = False,
        *,
        map_indexes: Any = _NOTSET,
        default: Any = None,
        run_id: str | None = None,
    ) -> Any:
        """Read XComs, as Airflow's own task instance does.

        Args:
            task_ids: one task_id or several; by default this task's.
            dag_id: the Dag; this one by default.
            key: the key of the XComs.
            include_prior_dates: whether to include earlier Dag runs.
            map_indexes: one map index or several; by default all of a task. None is the one of a task that is not
                mapped.
            default: what a map index without an XCom gives.
            run_id: the Dag run; this one by default.

        Returns:
            One value for one task with one XCom, and a list for several tasks, several map indexes or a mapped task.
        """
        xcom = self._client.xcom
        place: dict[str, Any] = {"dag_id": dag_id, "run_id": run_id, "include_prior_dates": include_prior_dates}
        is_single = task_ids is None or isinstance(task_ids, str)
        names = [task_ids or self.task_id] if task_ids is None or isinstance(task_ids, str) else [*task_ids]
        if map_indexes is _NOTSET:
            values = [value for name in names for value in xcom.get_all(name, key, **place) or [None]]
            return values[0] if is_single and len(values) == 1 else values
        is_single_index = map_indexes is None or isinstance(map_indexes, int)
        indexes = [map_indexes] if is_single_index else [*map_indexes]
        values = [xcom.get(name, key, default, map_index=index, **place) for name, index in product(names, indexes)]
        return values[0] if is_single and is_single_index else values

    async def axcom_pull(self, *args: Any, **kwargs: Any) -> Any:
        """Read XComs: see `xcom_pull`."""
        return self.xcom_pull(*args, **kwargs)

    def xcom_push(self, key: str, value: Any) -> None:
        """Push an XCom of this task instance.

        Args:
            key: its key.
            value: its value.
        """
        self._client.xcom.set(key, value)

    async def axcom_push(self, key: str, value: Any) -> None:
        """Push an XCom: see `xcom_push`."""
        self.xcom_push(key, value)

    # Other runs and task instances

    def get_first_reschedule_date(self, _context: Mapping[str, Any] | None = None) -> datetime | None:
        """When this try was first rescheduled; None if it was not."""
        return self._client.task_instances.first_reschedule_date()

    def get_previous_dagrun(self, state: str | None = None) -> DagRun | None:
        """The Dag run before this one.

        Args:
            state: only runs in this state.
        """
        return self._client.dag_runs.previous(state)

    def get_previous_ti(
        self, state: Any = None, logical_date: datetime | None = None, map_index: int = -1
    ) -> PreviousTaskInstance | None:
        """The task instance of this task in an earlier run.

        Args:
            state: only one in this state.
            logical_date: only one before this date.
            map_index: its map index.
        """
        return self._client.task_instances.previous(state=state, logical_date=logical_date, map_index=map_index)

    def get_ti_count(self, dag_id: str, map_index: int | None = None, **filters: Any) -> int:
        """The number of task instances of a Dag.

        Args:
            dag_id: the Dag.
            map_index: only those with this map index.
            filters: `task_ids`, `task_group_id`, `logical_dates`, `run_ids`, `states`.
        """
        return self._client.task_instances.count(dag_id=dag_id, map_index=map_index, **filters)

    def get_task_states(self, dag_id: str, map_index: int | None = None, **filters: Any) -> dict[str, Any]:
        """The states of a Dag's task instances, by run_id and task_id.

        Args:
            dag_id: the Dag.
            map_index: only those with this map index.
            filters: `task_ids`, `task_group_id`, `logical_dates`, `run_ids`.
        """
        return dict(self._client.task_instances.states(dag_id=dag_id, map_index=map_index, **filters))

    def get_task_breadcrumbs(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The finished task instances of a Dag run.

        Args:
            dag_id: the Dag.
            run_id: the run.
        """
        return self._client.task_instances.breadcrumbs(run_id, dag_id=dag_id)

    def get_dr_count(self, dag_id: str, **filters: Any) -> int:
        """The number of a Dag's runs.

        Args:
            dag_id: the Dag.
            filters: `logical_dates`, `run_ids`, `states`.
        """
        return self._client.dag_runs.count(dag_id, **filters)

    def get_dagrun_state(self, dag_id: str, run_id: str) -> str:
        """The state of a Dag run.

        Args:
            dag_id: the Dag.
            run_id: the run.
        """
        return self._client.dag_runs.state(run_id, dag_id=dag_id)
