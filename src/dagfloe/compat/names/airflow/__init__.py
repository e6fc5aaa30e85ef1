"""Airflow's names for a task in a bundle. This is not Airflow: it has what task functions use."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.compat.authoring import DAG
    from dagfloe.model.assets import Asset

__all__ = [
    "DAG",
    "Asset",
]
#: The module and the attribute of each name, imported on first use: every task pays for imports.
_LAZY = {
    "Asset": ("dagfloe.model.assets", "Asset"),
    "DAG": ("dagfloe.compat.authoring", "DAG"),
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    value = globals()[name] = getattr(__import__(module, fromlist=[attribute]), attribute)
    return value
