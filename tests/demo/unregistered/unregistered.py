"""A module that imports at build time and, with a variable set, fails to import when a task starts."""

from __future__ import annotations

import os

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("unregistered")

if "UNREGISTERED_FAILS" in os.environ:
    raise RuntimeError("this host is not supported")


@dag.task
def task() -> None:
    pass
