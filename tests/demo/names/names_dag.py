"""The functions as ordinary tasks of Airflow."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.sdk import DAG, Asset, task

sys.path.insert(0, str(Path(__file__).parent))
import functions

for function in functions.PLAIN:
    with DAG(function.__name__, params={"limit": 5}):
        task(function, task_id="work")()
with DAG("outlet"):
    task(functions.outlet, task_id="work", outlets=[Asset("report")])()
with DAG("inlet"):
    task(functions.inlet, task_id="work", inlets=[Asset("orders")])()
with DAG("adds"):
    task(functions.adds, task_id="work")(1, b=[3])
