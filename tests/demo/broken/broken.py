"""A module that imports on the build host, and fails to import in Airflow."""

from __future__ import annotations

import os

from dagfloe import Bundle

PLACE = os.environ["DAGFLOE_E2E_PLACE"]
bundle = Bundle()
dag = bundle.dag("broken")


@dag.task
def never() -> str:
    return PLACE
