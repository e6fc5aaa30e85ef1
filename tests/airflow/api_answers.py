"""The answers of the API server: a status and a body."""

from __future__ import annotations

from typing import Any

Answer = tuple[int, Any]


def not_found(name: str) -> Answer:
    """The real server's answer to a request for something that does not exist."""
    return 404, {"detail": {"reason": "not_found", "message": name}}


def invalid(location: str, field: str, message: str) -> Answer:
    """The real server's answer to a value that it refuses."""
    return 422, {"detail": [{"type": "value_error", "loc": [location, field], "msg": message, "input": None}]}
