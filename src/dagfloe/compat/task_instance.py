"""Airflow's task instance, as a task's context has it under `ti`."""

from __future__ import annotations

from itertools import product

from dagfloe.constants import RETURN_VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import Any

    from dagfloe.authoring.dag import Task
    from dagfloe.client import Client
    from dagfloe.model.context import Context

#: Stands for an argument that a call does not pass, because None is a value.
_NOTSET = object()


class RuntimeTaskInstance:
    """The running task instance.

    Args:
        task: the task.
        context: dagfloe's context.
        client: the task's client.
    """

    def __init__(self, task: Task, context: Context, client: Client) -> None:
        self._context = context
        self._client = client
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

    def __repr__(self) -> str:
        return f"RuntimeTaskInstance({self.dag_id!r}, {self.task_id!r}, {self.run_id!r})"

    @property
    def start_date(self) -> datetime | None:
        """When this task instance started."""
        return self._context.start_date

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
            map_indexes: one map index or several; by default all of a task.
            default: what a map index without an XCom gives.
            run_id: the Dag run; this one by default.

        Returns:
            One value for one task, and a list for several tasks, several map indexes or a mapped task.
        """
        xcom = self._client.xcom
        is_single = task_ids is None or isinstance(task_ids, str)
        names: list[str] = [task_ids or self.task_id] if task_ids is None or isinstance(task_ids, str) else [*task_ids]
        if map_indexes is _NOTSET:
            values: list[Any] = []
            for name in names:
                values += xcom.get_all(
                    name, key, dag_id=dag_id, run_id=run_id, include_prior_dates=include_prior_dates
                ) or [None]
            return values[0] if is_single and len(values) == 1 else values
        indexes = [map_indexes] if map_indexes is None or isinstance(map_indexes, int) else [*map_indexes]
        values = [
            xcom.get(
                name,
                key,
                default,
                dag_id=dag_id,
                run_id=run_id,
                map_index=index,
                include_prior_dates=include_prior_dates,
            )
            for name, index in product(names, indexes)
        ]
        return values[0] if is_single and (map_indexes is None or isinstance(map_indexes, int)) else values

    def xcom_push(self, key: str, value: Any) -> None:
        """Push an XCom of this task instance.

        Args:
            key: its key.
            value: its value.
        """
        self._client.xcom.set(key, value)
