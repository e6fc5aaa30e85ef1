"""The bundle of a task under test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagfloe.authoring.bundle import Bundle

if TYPE_CHECKING:
    from dagfloe.authoring.dag import Dag


class SingleDagBundle(Bundle):
    """A bundle with one Dag of another bundle."""

    def __init__(self, dag: Dag) -> None:
        super().__init__()
        self._dags[dag.dag_id] = dag
