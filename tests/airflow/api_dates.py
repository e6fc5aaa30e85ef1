"""The dates in requests to the API server."""

from __future__ import annotations

from datetime import datetime


def parse_date(date: str) -> datetime:
    """Parse a date in ISO 8601, also with the suffix Z, which Python 3.10 does not accept."""
    return datetime.fromisoformat(date.replace("Z", "+00:00"))
