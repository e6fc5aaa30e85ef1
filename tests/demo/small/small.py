"""A bundle of one task, of which `e2e.projects` makes variants by replacing its version, or its Dag's id."""

from __future__ import annotations

from dagfloe import Bundle

VERSION = 1
bundle = Bundle()
dag = bundle.dag("small")


@dag.task
def version() -> int:
    return VERSION
