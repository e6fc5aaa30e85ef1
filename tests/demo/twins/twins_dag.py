"""The functions as ordinary tasks of Airflow."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.sdk import DAG, Param, task

sys.path.insert(0, str(Path(__file__).parent))
from functions import PARAMS, PLAIN_PARAMS, read_params

with DAG(
    "with_params",
    params={**PLAIN_PARAMS, **{name: Param(*default, **schema) for name, (default, schema) in PARAMS.items()}},
):

    @task
    def work(params=None):
        return read_params(params)

    work()
