"""The store's Dags and Dag runs."""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from dagfloe.constants import FAILED, QUEUED, RUNNING, SUCCESS
from dagfloe.local.store.replies import (
    Reply,
    api_error,
    check_ti_id,
    not_found_reply,
    ok_reply,
    plain_api_error,
    validation_error,
)
from dagfloe.local.store.run_records import DagRecord, DagRunRecord
from dagfloe.local.store.saved_items import SavedItem, record_from_dict, record_to_dict
from dagfloe.values.dates import to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from dagfloe.local.store.replies import Handler
    from dagfloe.local.store.saved_items import Restore
    from dagfloe.local.task_run import TaskRun
    from dagfloe.values.dates import Clock

RunKey = tuple[str, str]
_STATES = (QUEUED, RUNNING, SUCCESS, FAILED)
_FINISHED = (SUCCESS, FAILED)


class RunStore:
    """Dags and Dag runs.

    Args:
        clock: gives the dates of new runs.

    Attributes:
        runs: Dag runs by dag_id and run_id.
        on_clear: called with the dag_id and run_id of a run that is cleared.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.runs: dict[RunKey, DagRunRecord] = {}
        self._dags: dict[str, DagRecord] = {}
        self.on_clear: Callable[[str, str], None] = lambda _dag_id, _run_id: None

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers by the type of the request."""
        return {
            "GetDRCount": self._count,
            "GetDag": self._get_dag,
            "GetDagRun": self._get,
            "GetDagRunState": self._get_state,
            "GetPrevSuccessfulDagRun": self._get_previous_successful,
            "GetPreviousDagRun": self._get_previous,
            "TriggerDagRun": self._trigger,
            "UpdateDagRunNote": self._update_note,
        }

    def save_dag(self, record: DagRecord) -> None:
        """Add a Dag, or replace it."""
        self._dags[record.dag_id] = record

    def save(self, record: DagRunRecord) -> None:
        """Add a Dag run, or replace it."""
        self.runs[record.dag_id, record.run_id] = record
        self._dags.setdefault(record.dag_id, DagRecord(dag_id=record.dag_id))

    def ensure(self, task: TaskRun) -> None:
        """Add the Dag run of a task instance, if it is missing."""
        if (task.dag_id, task.run_id) not in self.runs:
            date, now = task.logical_date, self._clock()
            self.save(
                DagRunRecord(
                    dag_id=task.dag_id,
                    run_id=task.run_id,
                    logical_date=date,
                    data_interval_start=date,
                    data_interval_end=date,
                    run_after=date or now,
                    start_date=now,
                    conf=task.conf,
                )
            )

    def get_date(self, dag_id: str, run_id: str) -> datetime | None:
        """Return the date that orders a Dag run among others; None if there is no such run."""
        record = self.runs.get((dag_id, run_id))
        return None if record is None else record.logical_date or record.run_after

    def get_logical_date(self, dag_id: str, run_id: str) -> datetime | None:
        """Return the logical date of a Dag run, if there is such a run and it has one."""
        record = self.runs.get((dag_id, run_id))
        return None if record is None else record.logical_date

    def saved_items(self) -> Iterator[SavedItem]:
        """Return the Dag runs."""
        for key, run in self.runs.items():
            yield SavedItem("dag_run", key, record_to_dict(run, DagRunRecord))

    def restorers(self) -> dict[str, Restore]:
        """Return the functions that restore saved items, by noun."""
        return {"dag_run": lambda _key, value: self.save(record_from_dict(DagRunRecord, value))}

    def _get_dag(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        dag = self._dags.get(body["dag_id"])
        if dag is None:
            raise api_error(404, "not_found", f"There is no Dag {body['dag_id']!r}")
        return Reply(
            {
                "type": "DagResult",
                "dag_id": dag.dag_id,
                "is_paused": dag.is_paused,
                "bundle_name": task.bundle_name,
                "bundle_version": task.bundle_version,
                "relative_fileloc": f"{dag.dag_id}.py",
                "owners": dag.owners,
                "tags": sorted(dag.tags),
                "next_dagrun": dag.next_dagrun,
            }
        )

    def _get(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        return Reply({"type": "DagRunResult", **_run_body(self._find(body))})

    def _get_state(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        return Reply({"type": "DagRunStateResult", "state": self._find(body).state})

    def _get_previous(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        if body.get("state") and body["state"] not in _STATES:
            raise validation_error("query", "state", f"expected one of {', '.join(_STATES)}")
        run = self._find_previous(body["dag_id"], to_datetime(body["logical_date"]), body.get("state"))
        return Reply({"type": "PreviousDagRunResult", "dag_run": None if run is None else _run_body(run)})

    def _get_previous_successful(self, _body: Mapping[str, Any], task: TaskRun) -> Reply:
        date = self.get_logical_date(task.dag_id, task.run_id)
        run = None if date is None else self._find_previous(task.dag_id, date, SUCCESS)
        names = ("data_interval_start", "data_interval_end", "start_date", "end_date")
        dates = {name: getattr(run, name, None) for name in names}
        return Reply(
            {
                "type": "PrevSuccessfulDagRunResult",
                **{name: value for name, value in dates.items() if value is not None},
            }
        )

    def _count(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        dates = [to_datetime(date) for date in body.get("logical_dates") or ()]
        run_ids, states = body.get("run_ids"), body.get("states")
        runs = [
            run
            for run in self.runs.values()
            if run.dag_id == body["dag_id"]
            and (not dates or run.logical_date in dates)
            and (not run_ids or run.run_id in run_ids)
            and (not states or run.state in states)
        ]
        return Reply({"type": "DRCount", "count": len(runs)})

    def _trigger(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        if not body["dag_id"] or not body["run_id"]:
            raise plain_api_error(404, "Not Found")
        names = ("logical_date", "run_after")
        date, run_after = (None if body.get(name) is None else to_datetime(body[name]) for name in names)
        if self._exists(body, date):
            if not body.get("reset_dag_run"):
                return not_found_reply("DAGRUN_ALREADY_EXISTS", None)
            self._clear(self._find(body))
            return ok_reply()
        run_after = run_after or self._clock()
        interval = None if date is None else run_after
        self.save(
            DagRunRecord(
                dag_id=body["dag_id"],
                run_id=body["run_id"],
                run_type="operator_triggered",
                state=QUEUED,
                logical_date=date,
                data_interval_start=interval,
                data_interval_end=interval,
                run_after=run_after,
                conf=body.get("conf") or {},
                note=body.get("note"),
                triggering_user_name=self.runs[task.dag_id, task.run_id].triggering_user_name,
            )
        )
        return ok_reply()

    def _clear(self, run: DagRunRecord) -> None:
        dates: dict[str, Any] = {"start_date": None, "end_date": None} if run.state in _FINISHED else {}
        self.save(replace(run, state=QUEUED, clear_number=run.clear_number + 1, **dates))
        self.on_clear(run.dag_id, run.run_id)

    def _update_note(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_ti_id(body, task)
        if body["note"] is not None:  # an empty note removes the present one
            self.save(replace(self.runs[task.dag_id, task.run_id], note=body["note"] or None))
        return ok_reply()

    def _exists(self, body: Mapping[str, Any], date: datetime | None) -> bool:
        """Whether the Dag has a run with the same run_id or the same logical date."""
        runs = [run for run in self.runs.values() if run.dag_id == body["dag_id"]]
        return any(run.run_id == body["run_id"] or (date is not None and run.logical_date == date) for run in runs)

    def _find(self, body: Mapping[str, Any]) -> DagRunRecord:
        run = self.runs.get((body["dag_id"], body["run_id"]))
        if run is None:
            raise api_error(404, "not_found", f"The Dag {body['dag_id']!r} has no run {body['run_id']!r}")
        return run

    def _find_previous(self, dag_id: str, date: datetime, state: str | None) -> DagRunRecord | None:
        """Return the last run with a logical date before another one."""
        dated = [
            (run.logical_date, run)
            for run in self.runs.values()
            if run.dag_id == dag_id and run.logical_date is not None and run.logical_date < date
            if not state or run.state == state
        ]
        return max(dated, key=itemgetter(0))[1] if dated else None


def _run_body(run: DagRunRecord) -> dict[str, Any]:
    return {
        **vars(run),
        "note": None,  # Airflow leaves it out here
        "conf": dict(run.conf),
        "consumed_asset_events": [dict(event) for event in run.consumed_asset_events],
        "partition_date": None,
        "team_name": None,
    }
