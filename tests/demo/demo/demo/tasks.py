"""The bundle with all Dags."""

from __future__ import annotations

from demo import arguments, assets, behaviours, conformance, ends, graph, stops, talks, waits
from demo.base import bundle

__all__ = ["arguments", "assets", "behaviours", "bundle", "conformance", "ends", "graph", "stops", "talks", "waits"]
