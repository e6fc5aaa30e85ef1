"""Parses RFC 3339 times as the supervisor does. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:([Zz])|([+-]\d\d):?(\d\d))?", re.ASCII)


def parse_rfc3339(text: str) -> datetime | None:
    """Return the time in a string, aware if it has an offset; None if it is not an RFC 3339 time."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    day, clock, fraction, zulu, hours, minutes = match.groups()
    offset = "+00:00" if zulu else f"{hours}:{minutes}" if hours else ""
    try:
        whole = datetime.fromisoformat(f"{day}T{clock}{offset}")
        return whole + timedelta(microseconds=round(float(f"0.{fraction or 0}") * 1_000_000))
    except (OverflowError, ValueError):
        return None
