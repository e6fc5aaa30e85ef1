"""What the services of the rows answer, as far as the tasks call them. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """A request: its method, its path without the query, the query, the body and the headers, in small letters."""

    method: str
    path: str
    query: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def as_json(document: Any, status: int = 200) -> Reply:
    """A reply with a JSON document."""
    return Reply(status, json.dumps(document).encode(), {"Content-Type": "application/json"})


def answer(request: Request) -> Reply:
    """Answer a request: by the first route whose path begins as the request's, or with an echo of the request."""
    for prefix, route in ROUTES.items():
        if request.path.startswith(prefix):
            return route(request)
    return as_json({"method": request.method, "path": request.path, "body": request.body.decode("utf-8", "replace")})


#: A function by the beginning of the paths that it answers.
ROUTES: dict[str, Callable[[Request], Reply]] = {}
