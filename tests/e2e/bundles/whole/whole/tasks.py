"""All Dags of the bundle."""

from __future__ import annotations

from whole import arguments, ends, graph, stops, talks, tells, waits
from whole.base import bundle

__all__ = ["arguments", "bundle", "ends", "graph", "stops", "talks", "tells", "waits"]
