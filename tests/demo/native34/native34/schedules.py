"""Dags whose runs Airflow starts by the clock."""

from __future__ import annotations

from datetime import timedelta

from dagfloe import Context
from native34.base import START, bundle

ticks = bundle.dag("native_ticks", schedule=timedelta(seconds=5), start_date=START, max_active_runs=1)
once = bundle.dag("native_once", schedule="@once", start_date=START)
cron = bundle.dag("native_cron", schedule="* * * * *", start_date=START, max_active_runs=1)
always = bundle.dag("native_always", schedule="@continuous", start_date=START, max_active_runs=1)


def run_type(context: Context) -> str:
    """Return why the run started."""
    return context.dag_run.run_type


for dag in (ticks, once, cron, always):
    dag.task(run_type)
