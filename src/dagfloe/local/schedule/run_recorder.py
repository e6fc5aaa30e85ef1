"""Keeps the store's records of one Dag run up to date, and finds the run's XComs there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagfloe.constants import RETURN_VALUE, RUNNING
from dagfloe.local.schedule.instances import UNMAPPED, Instance
from dagfloe.local.store.run_records import DagRunRecord, TaskInstanceRecord
from dagfloe.values.serde import decode

if TYPE_CHECKING:
    from datetime import datetime

    from dagfloe.local.schedule.dag_run_options import DagRunOptions
    from dagfloe.local.store.store import Store


class RunRecorder:
    """The records of one Dag run.

    Args:
        store: holds the records and the XComs.
        dag_id: the Dag's id.
        start_date: when the run started, aware.
        options: how the Dag is run.

    Attributes:
        run_id: the run's id.
        logical_date: the run's logical date, aware.
    """

    def __init__(self, store: Store, dag_id: str, start_date: datetime, options: DagRunOptions) -> None:
        self.run_id = options.run_id or f"manual__{start_date.isoformat()}"
        self.logical_date = options.logical_date or start_date
        self._store = store
        self._dag_id = dag_id
        self._start_date = start_date
        self._conf = dict(options.conf)
        self._clock = options.clock

    def save_run(self, state: str) -> None:
        """Save the state of the Dag run."""
        self._store.save_run(
            DagRunRecord(
                dag_id=self._dag_id,
                run_id=self.run_id,
                state=state,
                logical_date=self.logical_date,
                data_interval_start=self.logical_date,
                data_interval_end=self.logical_date,
                run_after=self.logical_date,
                start_date=self._start_date,
                end_date=None if state == RUNNING else self._clock(),
                conf=self._conf,
            )
        )

    def save_instance(self, instance: Instance) -> None:
        """Save the state of a task instance."""
        self._store.save_task_instance(
            TaskInstanceRecord(
                dag_id=self._dag_id,
                task_id=instance.task.task_id,
                run_id=self.run_id,
                map_index=instance.map_index,
                try_number=instance.try_number,
                state=instance.state,
                start_date=instance.start_date,
                end_date=self._clock() if instance.is_finished else None,
                queue=instance.task.queue,
                pool=instance.task.pool,
                ti_id=instance.ti_id,
                reschedules=instance.reschedules,
            )
        )

    def find_xcom_keys(self, instance: Instance) -> list[str]:
        """Return the keys of the XComs that earlier tries of a task instance pushed."""
        xcoms = self._store.find_xcoms(self._dag_id, self.run_id, instance.task.task_id, instance.map_index)
        return [xcom.key for xcom in xcoms]

    def find_length(self, task_id: str) -> int | None:
        """Return the number of items that a task returned, or of instances of a mapped task that returned a value.

        Returns:
            The length; None if no other task can be mapped over the return value.
        """
        xcoms = self._store.find_xcoms(self._dag_id, self.run_id, task_id)
        values = {xcom.map_index: value for xcom, value in xcoms.items() if xcom.key == RETURN_VALUE}
        if any(map_index != UNMAPPED for map_index in values):
            return len(values)
        value = decode(values.get(UNMAPPED))
        return len(value) if isinstance(value, (list, tuple, dict)) else None
