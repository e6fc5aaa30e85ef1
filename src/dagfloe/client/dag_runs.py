"""Dag runs, and Dags: `client.dag_runs`, `client.dags`."""

from __future__ import annotations

import time

from dagfloe.errors import DagRunFailed
from dagfloe.model.context import DagRun, read_dag_run
from dagfloe.model.record import Record
from dagfloe.values.dates import to_seconds
from dagfloe.values.jsonable import check_jsonable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta
    from typing import Any

    from dagfloe.client._exchange import Exchange
    from dagfloe.messages.v2026_06_16 import (
        GetDag,
        GetDagRun,
        GetDagRunState,
        GetDRCount,
        GetPreviousDagRun,
        GetPrevSuccessfulDagRun,
        TriggerDagRun,
    )
    from dagfloe.messages.v2026_10_30 import UpdateDagRunNote


class PreviousDagRun(Record):
    """The dates of the last successful Dag run before this one (`PrevSuccessfulDagRunResult`); None where unknown."""

    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None


class DagInfo(Record):
    """What Airflow knows of a Dag (`DagResult`).

    Attributes:
        dag_id: the Dag's id.
        is_paused: whether it is paused.
        bundle_name: the Dag bundle that it comes from.
        bundle_version: that bundle's version, if it has any.
        relative_fileloc: its file's path inside the Dag bundle.
        owners: its owners, as one text.
        tags: its tags.
        next_dagrun: the logical date of its next run, if one is planned.
    """

    dag_id: str
    is_paused: bool
    bundle_name: str | None = None
    bundle_version: str | None = None
    relative_fileloc: str | None = None
    owners: str | None = None
    tags: Sequence[str] = ()
    next_dagrun: datetime | None = None


class DagRuns:
    """Look up, trigger and wait for Dag runs."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def get(self, run_id: str | None = None, *, dag_id: str | None = None) -> DagRun:
        """A Dag run.

        Args:
            run_id: the run; this one by default.
            dag_id: its Dag; this one by default.

        Raises:
            ApiServerError: when there is none.
        """
        ti = self._exchange.ti
        body: GetDagRun = {"type": "GetDagRun", "dag_id": dag_id or ti.dag_id, "run_id": run_id or ti.run_id}
        return read_dag_run(self._exchange.ask(body, "DagRunResult"), "DagRunResult")

    def state(self, run_id: str | None = None, *, dag_id: str | None = None) -> str:
        """The state of a Dag run: `queued`, `running`, `success` or `failed`.

        Args:
            run_id: the run; this one by default.
            dag_id: its Dag; this one by default.

        Raises:
            ApiServerError: when there is none.
        """
        ti = self._exchange.ti
        body: GetDagRunState = {"type": "GetDagRunState", "dag_id": dag_id or ti.dag_id, "run_id": run_id or ti.run_id}
        state: str = self._exchange.ask_for(body, "DagRunStateResult", "state")
        return state

    def count(
        self,
        dag_id: str | None = None,
        *,
        states: Iterable[str] | None = None,
        run_ids: Iterable[str] | None = None,
        logical_dates: Iterable[datetime] | None = None,
    ) -> int:
        """How many runs a Dag has.

        Args:
            dag_id: the Dag; this one by default.
            states: only runs in these states.
            run_ids: only these runs.
            logical_dates: only runs with these logical dates.
        """
        body: GetDRCount = {
            "type": "GetDRCount",
            "dag_id": dag_id or self._exchange.ti.dag_id,
            "states": listed(states),
            "run_ids": listed(run_ids),
            "logical_dates": listed(logical_dates),
        }
        count: int = self._exchange.ask_for(body, "DRCount", "count")
        return count

    def previous(
        self, state: str | None = None, *, dag_id: str | None = None, logical_date: datetime | None = None
    ) -> DagRun | None:
        """The last Dag run before a logical date; None when there is none, or when this run has no logical date.

        Args:
            state: only runs in this state.
            dag_id: the Dag; this one by default.
            logical_date: aware; this run's by default.
        """
        before = logical_date or self._exchange.context.logical_date
        if before is None:
            return None
        body: GetPreviousDagRun = {
            "type": "GetPreviousDagRun",
            "dag_id": dag_id or self._exchange.ti.dag_id,
            "logical_date": before,
            "state": state,
        }
        found = self._exchange.ask(body, "PreviousDagRunResult").get("dag_run")
        return None if found is None else read_dag_run(found, "PreviousDagRunResult.dag_run")

    def previous_successful(self) -> PreviousDagRun:
        """The dates of this Dag's last successful run before this one."""
        body: GetPrevSuccessfulDagRun = {"type": "GetPrevSuccessfulDagRun", "ti_id": self._exchange.ti.id}
        reply = self._exchange.ask(body, "PrevSuccessfulDagRunResult")
        return PreviousDagRun.read(reply, "PrevSuccessfulDagRunResult")

    def trigger(
        self,
        dag_id: str,
        *,
        run_id: str | None = None,
        conf: Mapping[str, object] | None = None,
        logical_date: datetime | None = None,
        run_after: datetime | None = None,
        reset_dag_run: bool = False,
        partition_key: str | None = None,
        note: str | None = None,
    ) -> str:
        """Trigger a Dag run.

        Args:
            dag_id: the Dag.
            run_id: the new run's id; one made from the time by default.
            conf: its configuration; it has a JSON form.
            logical_date: its logical date, aware; none by default.
            run_after: the earliest time at which it may start, aware; now by default.
            reset_dag_run: whether a run that is there already is cleared and runs again.
            partition_key: key of its partition.
            note: its note.

        Returns:
            The run's id.

        Raises:
            DagRunAlreadyExists: when it is there already, and `reset_dag_run` is off.
            ApiServerError: when there is no such Dag, or it has import errors.
        """
        check_jsonable(conf)
        run_id = run_id or f"manual__{(logical_date or self._exchange.now()).isoformat()}"
        body: TriggerDagRun = {
            "type": "TriggerDagRun",
            "dag_id": dag_id,
            "run_id": run_id,
            "conf": dict(conf or {}),
            "logical_date": logical_date,
            "run_after": run_after,
            "reset_dag_run": reset_dag_run,
            "partition_key": partition_key,
            "note": note,
        }
        self._exchange.send(body)
        return run_id

    def wait(
        self,
        run_id: str,
        *,
        dag_id: str | None = None,
        poke_interval: timedelta | float = 60.0,
        timeout: timedelta | float | None = None,
        allowed_states: Iterable[str] = ("success",),
        failed_states: Iterable[str] = ("failed",),
    ) -> str:
        """Wait until a Dag run has ended, asking for its state again and again. It keeps the worker.

        Args:
            run_id: the run.
            dag_id: its Dag; this one by default.
            poke_interval: how long to wait between two looks, as a timedelta or in seconds.
            timeout: how long to wait at most; for ever by default.
            allowed_states: the states that end the wait well.
            failed_states: the states that end it badly.

        Returns:
            The state that it ended in.

        Raises:
            DagRunFailed: when it ends in one of `failed_states`, or does not end in time.
        """
        allowed, failed = frozenset(allowed_states), frozenset(failed_states)
        deadline = None if timeout is None else time.monotonic() + to_seconds(timeout)
        while (state := self.state(run_id, dag_id=dag_id)) not in allowed:
            if state in failed:
                raise DagRunFailed(f"Dag run {run_id!r} ended as {state}: look at its log in Airflow")
            pause_s = to_seconds(poke_interval)
            if deadline is not None:
                pause_s = min(pause_s, deadline - time.monotonic())
                if pause_s <= 0:
                    raise DagRunFailed(f"Dag run {run_id!r} is still {state} after {to_seconds(timeout or 0):g} s")
            time.sleep(pause_s)
        return state

    def update_note(self, note: str) -> None:
        """Set the note of this Dag run; an empty text removes it. Needs `airflow = "3.4"`."""
        body: UpdateDagRunNote = {"type": "UpdateDagRunNote", "ti_id": self._exchange.ti.id, "note": note}
        self._exchange.send(body)


class Dags:
    """Look up Dags."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def get(self, dag_id: str | None = None) -> DagInfo:
        """What Airflow knows of a Dag.

        Args:
            dag_id: the Dag; this one by default.

        Raises:
            ApiServerError: when there is none.
        """
        body: GetDag = {"type": "GetDag", "dag_id": dag_id or self._exchange.ti.dag_id}
        return DagInfo.read(self._exchange.ask(body, "DagResult"), "DagResult")


def listed(values: Iterable[Any] | None) -> list[Any] | None:
    """A list of values, as messages have it; a single text is a list of one."""
    if values is None:
        return None
    return [values] if isinstance(values, str) else list(values)
