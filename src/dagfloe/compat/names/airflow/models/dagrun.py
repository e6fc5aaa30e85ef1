"""Airflow's Dag run, for annotations."""

from dagfloe.compat.objects.dag_run import DagRun

__all__ = [
    "DagRun",
]
