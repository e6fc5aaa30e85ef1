"""What started a Dag run."""

from dagfloe.compat.states import ShownDagRunType as DagRunType

__all__ = [
    "DagRunType",
]
