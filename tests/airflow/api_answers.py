"""The API server's answers: a status and a body."""

from __future__ import annotations

from typing import Any

Answer = tuple[int, Any]


def not_found(what: str) -> Answer:
    """What the real server says when there is nothing."""
    return 404, {"detail": {"reason": "not_found", "message": what}}


def invalid(place: str, field: str, message: str) -> Answer:
    """What the real server says to a value that it does not take."""
    return 422, {"detail": [{"type": "value_error", "loc": [place, field], "msg": message, "input": None}]}
