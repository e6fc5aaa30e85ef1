"""The provider's `EmptyOperator`."""

from dagfloe.compat.authoring import EmptyOperator

__all__ = [
    "EmptyOperator",
]
