"""The arguments of ordinary tasks of Airflow."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.sdk import DAG, task

sys.path.insert(0, str(Path(__file__).parent))
from table import FAILING, RENDERED, show


@task
def extract():
    return ["{{ ds }}"]


work = task(show, task_id="work")
for name, value in {**RENDERED, **FAILING}.items():
    with DAG(name, params={"limit": 5, "table": "{{ ds }}"}):
        work(value)
with DAG("mixed"):
    rows = extract()
    work([rows, "{{ run_id }}", {"rows": rows}])
with DAG("alone"):
    work(extract())
with DAG("mapped"):
    work.expand(value=["{{ run_id }}", {"a": "{{ ds }}"}])
with DAG("mapped_over_xcom"):
    work.expand(value=extract())
