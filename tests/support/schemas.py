"""Airflow's supervisor schemas, and a check of bodies against them."""

from __future__ import annotations

import functools
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from dagfloe.runtime.config import SCHEMA_VERSIONS

SCHEMAS: dict[str, dict[str, Any]] = {
    version: json.loads((Path(__file__).parents[2] / f"schemas/supervisor-{version}.json").read_text("utf-8"))
    for version in SCHEMA_VERSIONS.values()
}
OLD, NEW = SCHEMAS
_FORMATS = FormatChecker(formats=["uuid"])


def as_json(value: Any) -> Any:
    """Convert a body to JSON, which the schema describes."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds()}S"
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, (list, tuple)) else value


@functools.cache
def _validator(kind: str, version: str) -> Draft202012Validator:
    schema = {"$ref": f"#/$defs/{kind}", "$defs": SCHEMAS[version]["$defs"]}
    return Draft202012Validator(schema, format_checker=_FORMATS)


def violations(body: dict[str, Any], version: str) -> list[str]:
    """Return the errors of a body; empty if the supervisor understands it."""
    if body.get("type") not in SCHEMAS[version]["$defs"]:
        return [f"the schema has no {body.get('type')}"]
    return [error.message for error in _validator(body["type"], version).iter_errors(as_json(body))]
