"""A module that can be built, and that fails to be imported where a task of it should run."""

from __future__ import annotations

import os

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("unregistered")

if "UNREGISTERED_FAILS" in os.environ:
    raise RuntimeError("this host is not to my liking")


@dag.task
def task() -> None:
    pass
