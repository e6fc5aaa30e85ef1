"""Airflow's `BaseOperator`."""

from dagfloe.compat.authoring import BaseOperator
from dagfloe.compat.authoring import refuse_order as chain
from dagfloe.compat.authoring import refuse_order as chain_linear
from dagfloe.compat.authoring import refuse_order as cross_downstream

__all__ = [
    "BaseOperator",
    "chain",
    "chain_linear",
    "cross_downstream",
]
