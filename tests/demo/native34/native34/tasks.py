"""The bundle with all Dags."""

from __future__ import annotations

from native34 import assets, ends, graph, options, schedules, values, waits
from native34.base import bundle

__all__ = ["assets", "bundle", "ends", "graph", "options", "schedules", "values", "waits"]
