"""The Dag run, as Airflow's context has it under `dag_run`."""

from __future__ import annotations

from dagfloe.compat.states import DagRunState, DagRunType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enum import Enum
    from typing import Any

    from dagfloe.model.context import DagRun as DagfloeDagRun


class DagRun:
    """A Dag run, with the attributes that it has in Airflow.

    Args:
        run: dagfloe's record of it.
    """

    def __init__(self, run: DagfloeDagRun) -> None:
        self._run = run
        self.run_type = _member(DagRunType, run.run_type)
        self.state = _member(DagRunState, run.state)
        self.conf = dict(run.conf)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            try:
                return getattr(self.__dict__["_run"], name)
            except AttributeError:
                raise AttributeError(
                    f"the Dag run in Airflow's context has no attribute {name!r} in a bundle"
                ) from None

    def __repr__(self) -> str:
        return f"<DagRun {self._run.dag_id} @ {self._run.logical_date}: {self._run.run_id}, state:{self._run.state}>"


def _member(kind: type[Enum], value: str) -> Any:
    """The member with a value; the value itself if this Airflow has one that is not known."""
    try:
        return kind(value)
    except ValueError:
        return value
