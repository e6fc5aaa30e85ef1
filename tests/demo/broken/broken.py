"""A module that can be imported where the bundle is built, and not where it runs."""

from __future__ import annotations

import os

from dagfloe import Bundle

PLACE = os.environ["DAGFLOE_E2E_PLACE"]
bundle = Bundle()
dag = bundle.dag("broken")


@dag.task
def never() -> str:
    return PLACE
