"""The store's Dags and Dag runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dagfloe.local.store.replies import Reply, check_own, done, invalid, lookup_error, refused, refused_text
from dagfloe.local.store.run_records import DagRecord, DagRunRecord
from dagfloe.values.dates import to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from dagfloe.local.store.replies import Serve
    from dagfloe.local.task_run import TaskRun
    from dagfloe.values.dates import Clock

RunKey = tuple[str, str]
_STATES = ("queued", "running", "success", "failed")
_OVER = ("success", "failed")


class RunStore:
    """Dags and Dag runs.

    Args:
        clock: gives the dates of new runs.

    Attributes:
        dags: Dags by dag_id.
        runs: Dag runs by dag_id and run_id.
        on_clear: called with the dag_id and run_id of a run that is cleared.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.dags: dict[str, DagRecord] = {}
        self.runs: dict[RunKey, DagRunRecord] = {}
        self.on_clear: Callable[[str, str], None] = lambda _dag_id, _run_id: None

    def served(self) -> dict[str, Serve]:
        """What it answers, by the request's type."""
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

    def save(self, record: DagRunRecord) -> None:
        """Add a Dag run, or replace it."""
        self.runs[record.dag_id, record.run_id] = record
        self.dags.setdefault(record.dag_id, DagRecord(dag_id=record.dag_id))

    def meet(self, task: TaskRun) -> None:
        """Add the Dag run of a task that asks, where nobody did."""
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

    def date_of(self, dag_id: str, run_id: str) -> datetime | None:
        """When a Dag run is, for the order of runs; None when it is not known."""
        record = self.runs.get((dag_id, run_id))
        return None if record is None else record.logical_date or record.run_after

    def logical_date_of(self, dag_id: str, run_id: str) -> datetime | None:
        """A Dag run's logical date, if it is known and has one."""
        record = self.runs.get((dag_id, run_id))
        return None if record is None else record.logical_date

    def _get_dag(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        dag = self.dags.get(body["dag_id"])
        if dag is None:
            raise refused(404, "not_found", f"There is no Dag {body['dag_id']!r}")
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
        return Reply({"type": "DagRunResult", **_as_body(self._known(body))})

    def _get_state(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        return Reply({"type": "DagRunStateResult", "state": self._known(body).state})

    def _get_previous(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        if body.get("state") and body["state"] not in _STATES:
            raise invalid("query", "state", f"expected one of {', '.join(_STATES)}")
        found = self._before(body["dag_id"], to_datetime(body["logical_date"]), body.get("state"))
        return Reply({"type": "PreviousDagRunResult", "dag_run": None if found is None else _as_body(found)})

    def _get_previous_successful(self, _body: Mapping[str, Any], task: TaskRun) -> Reply:
        date = self.logical_date_of(task.dag_id, task.run_id)
        found = None if date is None else self._before(task.dag_id, date, "success")
        names = ("data_interval_start", "data_interval_end", "start_date", "end_date")
        dates = {name: getattr(found, name, None) for name in names}
        return Reply(
            {
                "type": "PrevSuccessfulDagRunResult",
                **{name: value for name, value in dates.items() if value is not None},
            }
        )

    def _count(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        dates = [to_datetime(date) for date in body.get("logical_dates") or ()]
        run_ids, states = body.get("run_ids"), body.get("states")
        found = [
            run
            for run in self.runs.values()
            if run.dag_id == body["dag_id"]
            and (not dates or run.logical_date in dates)
            and (not run_ids or run.run_id in run_ids)
            and (not states or run.state in states)
        ]
        return Reply({"type": "DRCount", "count": len(found)})

    def _trigger(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        if not body["dag_id"] or not body["run_id"]:
            raise refused_text(404, "Not Found")
        date, run_after = (None if body.get(name) is None else to_datetime(body[name]) for name in _DATES)
        if self._exists(body, date):
            if not body.get("reset_dag_run"):
                return lookup_error("DAGRUN_ALREADY_EXISTS", None)
            present = self._known(body)
            dates: dict[str, Any] = {"start_date": None, "end_date": None} if present.state in _OVER else {}
            self.save(replace(present, state="queued", clear_number=present.clear_number + 1, **dates))
            self.on_clear(present.dag_id, present.run_id)
            return done()
        run_after = run_after or self._clock()
        interval = None if date is None else run_after
        self.save(
            DagRunRecord(
                dag_id=body["dag_id"],
                run_id=body["run_id"],
                run_type="operator_triggered",
                state="queued",
                logical_date=date,
                data_interval_start=interval,
                data_interval_end=interval,
                run_after=run_after,
                conf=body.get("conf") or {},
                note=body.get("note"),
                triggering_user_name=self.runs[task.dag_id, task.run_id].triggering_user_name,
            )
        )
        return done()

    def _update_note(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_own(body, task)
        if body["note"] is not None:  # an empty note takes the present one away
            self.save(replace(self.runs[task.dag_id, task.run_id], note=body["note"] or None))
        return done()

    def _exists(self, body: Mapping[str, Any], date: datetime | None) -> bool:
        """Whether there is a run of the same name, or of the same logical date."""
        own = [run for run in self.runs.values() if run.dag_id == body["dag_id"]]
        return any(run.run_id == body["run_id"] or (date is not None and run.logical_date == date) for run in own)

    def _known(self, body: Mapping[str, Any]) -> DagRunRecord:
        found = self.runs.get((body["dag_id"], body["run_id"]))
        if found is None:
            raise refused(404, "not_found", f"The Dag {body['dag_id']!r} has no run {body['run_id']!r}")
        return found

    def _before(self, dag_id: str, date: datetime, state: str | None) -> DagRunRecord | None:
        """The last run with a logical date before another one."""
        found = [
            (run.logical_date, run)
            for run in self.runs.values()
            if run.dag_id == dag_id and run.logical_date is not None and run.logical_date < date
            if not state or run.state == state
        ]
        return max(found, key=lambda each: each[0])[1] if found else None


_DATES = ("logical_date", "run_after")


def _as_body(run: DagRunRecord) -> dict[str, Any]:
    return {
        **vars(run),
        "note": None,  # Airflow does not tell it here
        "conf": dict(run.conf),
        "consumed_asset_events": [dict(event) for event in run.consumed_asset_events],
        "partition_date": None,
        "team_name": None,
    }
