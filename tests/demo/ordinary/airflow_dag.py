"""The cases as ordinary tasks of Airflow."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, task

sys.path.insert(0, str(Path(__file__).parent))
from cases import CASES, TIMEOUT_S


def add(name, function):
    limit = timedelta(seconds=TIMEOUT_S[name]) if name in TIMEOUT_S else None
    with DAG(name, schedule=None) as dag:

        @task(execution_timeout=limit)
        def work():
            function()

        work()
    return dag


for name, function in CASES.items():
    globals()[name] = add(name, function)
