"""A native Dag with one task. `e2e.builds` builds variants of it with another version or another dag_id."""

from __future__ import annotations

from dagfloe import Bundle

VERSION = 1
bundle = Bundle()
dag = bundle.dag("small34", description=f"version {VERSION}")


@dag.task
def version() -> int:
    return VERSION
