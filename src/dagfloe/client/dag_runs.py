"""Dag runs and Dags: `client.dag_runs` and `client.dags`."""

from __future__ import annotations

import time

from dagfloe.call_errors import DagRunFailed
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
    """The dates of the last successful Dag run before this one (`PrevSuccessfulDagRunResult`); None if unknown."""

    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None


class DagInfo(Record):
    """A Dag in Airflow (`DagResult`).

    Attributes:
        dag_id: the Dag's id.
        is_paused: whether it is paused.
        bundle_name: the Dag bundle that it comes from.
        bundle_version: the version of that Dag bundle, if it has versions.
        relative_fileloc: its file's path inside the Dag bundle.
        owners: its owners, as one string.
        tags: its tags.
        next_dagrun: the logical date of its next run, if Airflow has planned one.
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
    """Reads, triggers and waits for Dag runs."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def get(self, run_id: str | None = None, *, dag_id: str | None = None) -> DagRun:
        """A Dag run.

        Args:
            run_id: the run; this one by default.
            dag_id: its Dag; this one by default.

        Raises:
            ApiServerError: if there is no such run.
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
            ApiServerError: if there is no such run.
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
        """The number of a Dag's runs.

        Args:
            dag_id: the Dag; this one by default.
            states: only runs in these states.
            run_ids: only these runs.
            logical_dates: only runs with these logical dates.
        """
        body: GetDRCount = {
            "type": "GetDRCount",
            "dag_id": dag_id or self._exchange.ti.dag_id,
            "states": to_list(states),
            "run_ids": to_list(run_ids),
            "logical_dates": to_list(logical_dates),
        }
        count: int = self._exchange.ask_for(body, "DRCount", "count")
        return count

    def previous(
        self, state: str | None = None, *, dag_id: str | None = None, logical_date: datetime | None = None
    ) -> DagRun | None:
        """The last Dag run before a logical date; None if there is no such run, or if this run has no logical date.

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
        run = self._exchange.ask(body, "PreviousDagRunResult").get("dag_run")
        return None if run is None else read_dag_run(run, "PreviousDagRunResult.dag_run")

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
            run_id: the new run's id; by default, the current time is part of it.
            conf: its configuration, which needs a JSON form.
            logical_date: its logical date, aware; by default, it has no logical date.
            run_after: the earliest time at which it may start, aware; now by default.
            reset_dag_run: whether to clear and run again a run that already exists.
            partition_key: its partition key.
            note: its note.

        Returns:
            The run's id.

        Raises:
            DagRunAlreadyExists: if the run already exists, and `reset_dag_run` is False.
            ApiServerError: if there is no such Dag, or it has import errors.
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
        """Wait until a Dag run has ended. The task keeps the worker and polls the run's state.

        Args:
            run_id: the run.
            dag_id: its Dag; this one by default.
            poke_interval: the time between two polls, as a timedelta or in seconds.
            timeout: how long to wait, as a timedelta or in seconds; unlimited by default.
            allowed_states: the states that count as success.
            failed_states: the states that count as failure.

        Returns:
            The run's final state.

        Raises:
            DagRunFailed: if it ends in one of `failed_states`, or does not end in time.
        """
        allowed, failed = frozenset(allowed_states), frozenset(failed_states)
        deadline = None if timeout is None else time.monotonic() + to_seconds(timeout)
        while (state := self.state(run_id, dag_id=dag_id)) not in allowed:
            if state in failed:
                raise DagRunFailed(f"Dag run {run_id!r} ended as {state}: see its logs in Airflow")
            pause_s = to_seconds(poke_interval)
            if deadline is not None:
                pause_s = min(pause_s, deadline - time.monotonic())
                if pause_s <= 0:
                    raise DagRunFailed(f"Dag run {run_id!r} is still {state} after {to_seconds(timeout or 0):g} s")
            time.sleep(pause_s)
        return state

    def update_note(self, note: str) -> None:
        """Set the note of this Dag run; an empty string removes it. Needs `airflow = "3.4"`."""
        body: UpdateDagRunNote = {"type": "UpdateDagRunNote", "ti_id": self._exchange.ti.id, "note": note}
        self._exchange.send(body)


class Dags:
    """Reads Dags."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def get(self, dag_id: str | None = None) -> DagInfo:
        """A Dag.

        Args:
            dag_id: the Dag; this one by default.

        Raises:
            ApiServerError: if there is no such Dag.
        """
        body: GetDag = {"type": "GetDag", "dag_id": dag_id or self._exchange.ti.dag_id}
        return DagInfo.read(self._exchange.ask(body, "DagResult"), "DagResult")


def to_list(values: Iterable[Any] | None) -> list[Any] | None:
    """Values as a list, for a message; a single string becomes a list with one item."""
    if values is None:
        return None
    return [values] if isinstance(values, str) else list(values)
