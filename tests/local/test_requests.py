"""Tests of which bodies the supervisor understands: the table against the schema, and single bodies."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.local.requests import REQUEST_TYPES, TERMINAL_STATES, refusal
from dagfloe.runtime.messages import REQUESTS

SCHEMA = json.loads((Path(__file__).parents[1] / "data/supervisor-schema-2026-06-16.json").read_text())["$defs"]
NOW = datetime.now(tz=timezone.utc)
XCOM = {"key": "k", "dag_id": "d", "run_id": "r", "task_id": "t"}
#: Bundles do not send these, though a schema of the same name exists or they begin alike.
NOT_REQUESTS = {"SetExecutionTimeout", "TaskCallbackRequest", "DagCallbackRequest"}


def kinds(field: dict[str, Any]) -> set[str]:
    """The types of the table for a field of the schema."""
    if "anyOf" in field:
        return set().union(*map(kinds, field["anyOf"]))
    if "$ref" in field:
        return {"json"} if field["$ref"].endswith("/JsonValue") else {"text"}
    formats = {"date-time": "when", "duration": "span"}
    names = {"integer": "int", "boolean": "bool", "array": "list", "object": "map", "string": "text"}
    return {formats.get(field.get("format", ""), names.get(field["type"], field["type"]))}


@pytest.mark.parametrize("name", sorted(REQUEST_TYPES))
def test_table(name: str) -> None:
    """Every line of the table says what the schema says."""
    schema, kind = SCHEMA[name], REQUEST_TYPES[name]
    fields = {key: field for key, field in schema["properties"].items() if key != "type"}
    assert kind.required == set(schema.get("required", []))
    assert {key: set(types) for key, types in kind.fields.items()} == {
        key: kinds(value) for key, value in fields.items()
    }
    assert kind.closed == (schema.get("additionalProperties") is False)
    if name in TERMINAL_STATES:
        state = fields["state"]
        assert list(TERMINAL_STATES[name]) == state.get("enum", [state.get("const")])


def test_table_is_whole() -> None:
    """Every message of the schema that is named like a request is in the table."""
    verbs = ("Get", "Set", "Delete", "Clear", "Put", "Mask", "Skip", "Trigger", "Validate", "Update", "Create")
    named = {name for name in SCHEMA if name.startswith(verbs) and "type" in SCHEMA[name].get("properties", {})}
    assert named - NOT_REQUESTS <= set(REQUEST_TYPES)
    assert set(REQUESTS) <= set(REQUEST_TYPES)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "GetVariable", "key": "a", "unknown": 1},
        {"type": "GetXCom", **XCOM, "map_index": None, "include_prior_dates": True},
        {"type": "SetXCom", **XCOM, "value": {"a": [1, None, 2.5, "x", True]}, "mapped_length": 3},
        {"type": "SucceedTask", "end_date": NOW},
        {"type": "SucceedTask", "end_date": "2026-01-02T03:04:05.123456789Z", "state": "success"},
        {"type": "TaskState", "state": "removed", "unknown": 1},
        {"type": "RetryTask", "end_date": NOW, "retry_delay_seconds": 1.5},
        {"type": "DeferTask", "classpath": "a.B", "next_method": "m", "trigger_timeout": "PT5S", "trigger_kwargs": "x"},
        {"type": "MaskSecret", "value": 5},
        {"type": "GetVariableKeys"},
        {"type": "GetDag", "dag_id": "d"},
    ],
    ids=lambda body: str(body["type"]),
)
def test_understood(body: dict[str, Any]) -> None:
    """A body that follows the schema is understood."""
    assert refusal(body) is None


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (None, "no known type"),
        ({}, "no known type"),
        ({"type": 5}, "no known type"),
        ({"type": "Nope"}, "'Nope'"),
        ({"type": "VariableResult", "key": "a", "value": "b"}, "no known type"),
        ({"type": "GetVariable"}, "misses its field 'key'"),
        ({"type": "GetVariable", "key": 5}, r"GetVariable\.key is int, expected text"),
        ({"type": "PutVariable", "key": "a", "value": "x"}, "misses its field 'description'"),
        ({"type": "GetXCom", **XCOM, "map_index": True}, "map_index is bool"),
        ({"type": "GetXCom", **XCOM, "include_prior_dates": None}, "include_prior_dates is NoneType"),
        ({"type": "SetXCom", **XCOM, "value": NOW}, "value is datetime, expected json"),
        ({"type": "SetXCom", **XCOM, "value": [{1: 2}]}, "value is list, expected json"),
        ({"type": "SucceedTask", "end_date": NOW, "extra": 1}, "has no field 'extra'"),
        ({"type": "SucceedTask", "end_date": NOW.replace(tzinfo=None)}, "end_date is datetime, expected when"),
        ({"type": "SucceedTask", "end_date": "2026-01-02T03:04:05"}, "end_date is str"),
        ({"type": "SucceedTask", "end_date": NOW, "state": "failed"}, "state is not success"),
        ({"type": "TaskState", "state": "success"}, "state is not failed or skipped or removed"),
        ({"type": "DeferTask", "classpath": "a", "next_method": "m", "trigger_timeout": "5 s"}, "trigger_timeout"),
        ({"type": "SetRenderedFields", "rendered_fields": []}, "expected map"),
    ],
)
def test_refused(body: dict[str, Any] | None, why: str) -> None:
    """A body that does not follow the schema is refused, naming the field."""
    assert re.search(why, refusal(body) or "")


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()), st.sampled_from(sorted(REQUEST_TYPES)))
def test_values_are_not_told(fields: dict[str, Any], kind: str) -> None:
    """The reason never holds a value, which may be secret."""
    secret = "hunter2-hunter2"  # noqa: S105 - it is no secret
    body = {**{name: [secret] for name in (*fields, *REQUEST_TYPES[kind].fields)}, "type": kind}
    assert secret not in str(refusal(body))
