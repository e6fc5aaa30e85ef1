"""What the services of the rows answer, as far as the tasks call them. Pure."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


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


def _bigquery(_: Request) -> Reply:
    fields = [
        {"name": "name", "type": "STRING"},
        {"name": "weight", "type": "FLOAT"},
        {"name": "caught", "type": "DATE"},
    ]
    rows = [["Aal", "2.5", "2026-03-01"], ["Hecht", "4.0", "2026-03-02"]]
    reference = {"projectId": "shop", "jobId": "job", "location": "EU"}
    return as_json(
        {
            "jobComplete": True,
            "jobReference": reference,
            "schema": {"fields": fields},
            "totalRows": str(len(rows)),
            "rows": [{"f": [{"v": value} for value in row]} for row in rows],
        }
    )


#: The columns and the row by a part of the query. A date is the number of days since 1970.
_SNOWFLAKE_ANSWERS = {
    "FROM catch": ({"NAME": "text", "WEIGHT": "real", "CAUGHT": "date"}, ["Aal", "2.5", "20513"]),
    "current_schema": ({"DATABASE": "text", "SCHEMA": "text"}, ["SHOP", "PUBLIC"]),
    "": ({"VERSION": "text"}, ["9.1.0"]),
}


def _snowflake_login(_: Request) -> Reply:
    names = {"databaseName": "SHOP", "schemaName": "PUBLIC", "warehouseName": None, "roleName": "PUBLIC"}
    data = {"token": "token", "masterToken": "token", "parameters": [], "sessionInfo": names, "sessionId": 1}
    return as_json({"data": data, "success": True, "code": None, "message": None})


def _snowflake_query(request: Request) -> Reply:
    body = gzip.decompress(request.body) if request.headers.get("content-encoding") == "gzip" else request.body
    text = json.loads(body)["sqlText"]
    if "wrong" in text:
        error = {"errorCode": "000904", "sqlState": "42000", "queryId": "q", "internalError": False}
        return as_json({"data": error, "success": False, "code": "000904", "message": "invalid identifier"})
    kinds, row = next(answer for part, answer in _SNOWFLAKE_ANSWERS.items() if part in text)
    described = {"nullable": True, "length": 9, "byteLength": 9, "precision": None, "scale": None}
    return as_json(
        {
            "data": {
                "parameters": [],
                "rowtype": [{"name": name, "type": kind, **described} for name, kind in kinds.items()],
                "rowset": [row],
                "total": 1,
                "returned": 1,
                "queryId": "q",
                "queryResultFormat": "json",
                "statementTypeId": 4096,
                "finalDatabaseName": "SHOP",
            },
            "success": True,
            "code": None,
            "message": None,
        }
    )


def _snowflake_other(_: Request) -> Reply:
    return as_json({"data": None, "success": True, "code": None, "message": None})


def _events(documents: Iterable[tuple[str, Any]]) -> Reply:
    lines = (f"event: {name}\ndata: {json.dumps(document)}\n\n" for name, document in documents)
    return Reply(200, "".join(lines).encode(), {"Content-Type": "text/event-stream"})


def _openai(request: Request) -> Reply:
    asked = json.loads(request.body)
    head = {"id": "c", "created": 1, "model": asked["model"]}
    if asked["model"] == "none":
        return as_json({"error": {"message": "no such model", "type": "t", "param": None, "code": "c"}}, 404)
    if asked.get("stream"):
        chunks = [
            {**head, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": word}}]}
            for word in ("An ", "eel")
        ]
        return _events([("message", chunk) for chunk in chunks])
    content = json.dumps({"name": "Aal", "weight": 2.5}) if asked["model"] == "object" else "An eel"
    message = {"role": "assistant", "content": content}
    choices = [{"index": 0, "finish_reason": "stop", "message": message}]
    return as_json({**head, "object": "chat.completion", "choices": choices})


def _anthropic(request: Request) -> Reply:
    asked = json.loads(request.body)
    if asked["model"] == "busy":
        error = {"type": "error", "error": {"type": "rate_limit_error", "message": "later"}}
        reply = as_json(error, 429)
        reply.headers["retry-after"] = "0"
        return reply
    usage = {"input_tokens": 2, "output_tokens": 3}
    message = {"id": "m", "type": "message", "role": "assistant", "model": asked["model"], "usage": usage}
    if not asked.get("stream"):
        return as_json({**message, "stop_reason": "end_turn", "content": [{"type": "text", "text": "An eel"}]})
    words = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
        for word in ("An ", "eel")
    ]
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "stop_reason": None, "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *words,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    ]
    return _events([(event["type"], event) for event in events])


def _kubernetes(request: Request) -> Reply:
    metadata = {"name": "web", "namespace": "shop", "creationTimestamp": "2026-03-01T12:00:00Z"}
    pod = {"metadata": metadata, "status": {"phase": "Running"}, "spec": {"containers": [{"name": "main"}]}}
    if request.method == "POST":
        return as_json(json.loads(request.body), 201)
    if request.path.endswith("/none"):
        return as_json({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}, 404)
    if "watch=true" in request.query.lower():
        event = {"type": "ADDED", "object": {"kind": "Pod", "apiVersion": "v1", **pod}}
        return Reply(200, json.dumps(event).encode() + b"\n", {"Content-Type": "application/json"})
    return as_json({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [pod]})


#: A function by the beginning of the paths that it answers.
ROUTES: dict[str, Callable[[Request], Reply]] = {
    "/anthropic/": _anthropic,
    "/bigquery/": _bigquery,
    "/kubernetes/": _kubernetes,
    "/openai/": _openai,
    "/queries/v1/": _snowflake_query,
    "/session/v1/login-request": _snowflake_login,
    "/session": _snowflake_other,
    "/telemetry": _snowflake_other,
}
