"""What task functions import from `airflow.models`."""

from dagfloe.compat.connections import Connection
from dagfloe.compat.variables import Variable

__all__ = ["Connection", "Variable"]
