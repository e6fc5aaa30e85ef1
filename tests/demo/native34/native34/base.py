"""The bundle, and constants for its Dags."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from dagfloe import Bundle

bundle = Bundle()
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
SOON = timedelta(seconds=1)
