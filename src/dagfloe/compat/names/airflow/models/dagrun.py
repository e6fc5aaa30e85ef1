"""Airflow's Dag run, for annotations."""

from dagfloe.model.context import DagRun

__all__ = [
    "DagRun",
]
