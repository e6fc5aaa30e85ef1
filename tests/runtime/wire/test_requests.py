"""Checking the bodies of requests: the table against the schemas, and single bodies."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.errors import LocalProtocolError
from dagfloe.runtime.wire.requests import (
    TERMINAL_STATES,
    RequestType,
    check_request,
    find_problem,
    find_request_type,
    list_request_names,
)
from support.schemas import NEW, OLD, SCHEMAS, violations
from support.strategies import aware, from_schema, json_values, text

EVERY = [(version, name) for version in SCHEMAS for name in list_request_names(version)]
BEYOND = datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))
NOW = datetime.now(tz=timezone.utc)
XCOM = {"key": "k", "dag_id": "d", "run_id": "r", "task_id": "t"}
#: Messages with a request's name that bundles do not send.
NOT_REQUESTS = {"GetDagRunResult", "ResendLoggingFD"}


@pytest.mark.parametrize(("version", "name"), EVERY)
def test_table(version: str, name: str) -> None:
    """Every entry of the table has the schema's fields and required fields, and is closed if the schema is."""
    schema, kind = SCHEMAS[version]["$defs"][name], find_request_type(name, version)
    assert kind is not None
    assert kind.required == set(schema.get("required", []))
    assert set(kind.fields) == set(schema["properties"]) - {"type"}
    assert kind.closed == (schema.get("additionalProperties") is False)


@pytest.mark.parametrize("version", SCHEMAS)
def test_table_is_complete(version: str) -> None:
    """Every message of the schema with a request's name is in the table."""
    verbs = ("Get", "Set", "Delete", "Clear", "Put", "Mask", "Skip", "Trigger", "Validate", "Update", "Create")
    named = {
        name
        for name, schema in SCHEMAS[version]["$defs"].items()
        if name.startswith(verbs) and "type" in schema.get("properties", {})
    }
    assert named - NOT_REQUESTS <= set(list_request_names(version))
    assert set(TERMINAL_STATES) <= set(list_request_names(version))


@pytest.mark.parametrize(("version", "name"), EVERY)
def test_parts_are_in_the_table(version: str, name: str) -> None:
    """Every nested type has an entry with its fields."""
    kind = find_request_type(name, version)
    assert kind is not None
    for part in re.findall(r"\{(\w+)\}", " ".join(kind.fields.values())):
        assert set(RequestType(part, version).fields) == set(SCHEMAS[version]["$defs"][part]["properties"])


@pytest.mark.parametrize(("name", "states"), TERMINAL_STATES.items())
def test_states(name: str, states: tuple[str, ...]) -> None:
    """Every terminal message has the states of the schema."""
    for schema in SCHEMAS.values():
        state = schema["$defs"][name]["properties"]["state"]
        assert sorted(states) == sorted(state.get("enum", [state.get("const")]))


@given(st.sampled_from(EVERY).flatmap(lambda request: st.tuples(st.just(request), bodies(*request))))
def test_bodies_that_the_schema_allows_are_accepted(drawn: tuple[tuple[str, str], dict[str, Any]]) -> None:
    """Every body that the schema allows is accepted, both before sending and on the supervisor's side."""
    (version, _), body = drawn
    assert find_problem(body, version) is None
    check_request(body, version)


def bodies(version: str, name: str) -> st.SearchStrategy[Any]:
    """The bodies that a schema allows for a request."""
    definitions = SCHEMAS[version]["$defs"]
    return from_schema(definitions[name], aware, definitions=definitions)


anything = json_values | aware | st.sampled_from(["success", "failed", "up_for_retry", "running", True, 1.5, [], {}])


@st.composite
def changed_bodies(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A valid body with up to three fields removed, replaced or added."""
    version, name = draw(st.sampled_from(EVERY))
    body = dict(draw(bodies(version, name)))
    names = st.sampled_from([*body, "state", "end_date", "map_index", "value", "tasks"]) | text
    for field in draw(st.lists(names.filter(lambda field: field != "type"), min_size=1, max_size=3)):
        if draw(st.booleans()):
            body.pop(field, None)
        else:
            body[field] = draw(anything)
    return version, body


@given(changed_bodies())
def test_bodies_that_the_schema_refuses_are_refused(request: tuple[str, dict[str, Any]]) -> None:
    """Of changed bodies, only those that the supervisor accepts pass the check."""
    version, body = request
    if find_problem(body, version) is None:
        assert violations(body, version) == []


@pytest.mark.parametrize(
    "body",
    [
        {"type": "GetVariable", "key": "a", "unknown": 1},
        {"type": "GetXCom", **XCOM, "map_index": None, "include_prior_dates": True},
        {"type": "SetXCom", **XCOM, "value": {"a": [1, None, 2.5, "x", True]}, "mapped_length": 3},
        {"type": "SucceedTask", "end_date": "2026-01-02T03:04:05.123456789Z", "state": "success"},
        {"type": "SucceedTask", "end_date": NOW, "task_outlets": [{"name": "a", "type": "Asset"}]},
        {"type": "TaskState", "state": "removed", "unknown": 1},
        {"type": "RetryTask", "end_date": NOW, "retry_delay_seconds": 1.5},
        {"type": "DeferTask", "classpath": "a.B", "next_method": "m", "trigger_timeout": "PT5S", "trigger_kwargs": "x"},
        {"type": "DeferTask", "classpath": "a.B", "next_method": "m", "trigger_timeout": timedelta(seconds=5)},
        {"type": "MaskSecret", "value": 5},
        {"type": "SkipDownstreamTasks", "tasks": ["a", ("b", 1), ["c", -1]]},
        {"type": "GetVariableKeys"},
    ],
    ids=lambda body: str(body["type"]),
)
def test_accepted(body: dict[str, Any]) -> None:
    """A body that follows the schema is accepted."""
    assert find_problem(body) is None


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (None, "unknown type None$"),
        ({}, "unknown type None$"),
        ({"type": 5}, "unknown type"),
        ({"type": "Nope"}, "'Nope'"),
        ({"type": "AssetProfile"}, "unknown type"),
        ({"type": ["GetVariable"]}, "unknown type"),
        ({"type": "VariableResult", "key": "a", "value": "b"}, "unknown type 'VariableResult'$"),
        ({"type": "LoopDecisionPayload"}, "unknown type 'LoopDecisionPayload'$"),
        ({"type": "SucceedTask", "end_date": NOW, "loop": 1}, "has no field 'loop'$"),
        ({"type": "GetVariable"}, "lacks its field 'key'"),
        ({"type": "GetVariable", "key": 5}, r"GetVariable\.key is int, expected str"),
        ({"type": "PutVariable", "key": "a", "value": "x"}, "lacks its field 'description'"),
        ({"type": "GetXCom", **XCOM, "map_index": True}, "map_index is bool, expected int or null"),
        ({"type": "GetXCom", **XCOM, "include_prior_dates": None}, "include_prior_dates is NoneType"),
        ({"type": "SetXCom", **XCOM, "value": NOW}, "value is datetime, expected json"),
        ({"type": "SetXCom", **XCOM, "value": [{1: 2}]}, "value is list, expected json"),
        ({"type": "SucceedTask", "end_date": NOW, "extra": 1}, "has no field 'extra'"),
        ({"type": "SucceedTask", "end_date": NOW.replace(tzinfo=None)}, "end_date is datetime, expected date"),
        ({"type": "SucceedTask", "end_date": "2026-01-02T03:04:05"}, "end_date is str"),
        ({"type": "SucceedTask", "end_date": "2026-13-02T03:04:05Z"}, "end_date is str"),
        ({"type": "SucceedTask", "end_date": "9999-12-31T23:59:59-01:00"}, "end_date is str"),
        (
            {"type": "GetPreviousDagRun", "dag_id": "d", "logical_date": BEYOND},
            "date is a date before the year 1 or aft",
        ),
        ({"type": "GetDRCount", "dag_id": "d", "logical_dates": [NOW, BEYOND]}, "logical_dates is list"),
        ({"type": "SucceedTask", "end_date": NOW, "state": "failed"}, "state is another string, expected success"),
        ({"type": "SucceedTask", "end_date": NOW, "task_outlets": [{"name": "a"}]}, "task_outlets is list"),
        ({"type": "TaskState", "state": "success"}, "expected failed or skipped or removed"),
        ({"type": "DeferTask", "classpath": "a", "next_method": "m", "trigger_timeout": "5 s"}, "trigger_timeout"),
        ({"type": "SetRenderedFields", "rendered_fields": []}, "expected dict"),
        ({"type": "SkipDownstreamTasks", "tasks": [("a", "b")]}, "tasks is list"),
        ({"type": "CreateHITLDetailPayload", "ti_id": "x", "options": ["a"], "subject": "s"}, "ti_id is str, expected"),
        (
            {"type": "CreateHITLDetailPayload", "ti_id": f"{0:032x}", "options": [], "subject": "s"},
            "options is list",
        ),
    ],
)
def test_refused(body: dict[str, Any] | None, why: str) -> None:
    """A body that does not follow the schema is refused, and the error names the field."""
    assert re.search(why, find_problem(body) or "")


@pytest.mark.parametrize(
    "body",
    [
        {"type": "UpdateDagRunNote", "ti_id": f"{0:032x}", "note": "n"},
        {"type": "SetExecutionTimeout", "timeout_seconds": 5},
        {"type": "GetXCom", **XCOM, "previous_iteration": True},
        {"type": "TaskState", "state": "failed", "retry_reason": "r"},
    ],
    ids=lambda body: str(body["type"]),
)
def test_newer_fields_are_not_sent_to_an_older_airflow(body: dict[str, Any]) -> None:
    """Requests and fields of 3.4 are refused if the bundle speaks 3.3. The error says what to set."""
    check_request(body, NEW)
    with pytest.raises(LocalProtocolError, match=r'needs airflow = "3\.4" in \[tool\.dagfloe\]: nothing was sent'):
        check_request(body, OLD)


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()), st.sampled_from(EVERY))
def test_values_are_not_shown(fields: dict[str, Any], request_type: tuple[str, str]) -> None:
    """The reason never contains a value, which may be secret."""
    version, name = request_type
    kind = find_request_type(name, version)
    assert kind is not None
    secret = "hunter2-hunter2"  # noqa: S105 - not a secret
    body = {**{name: [secret] for name in (*fields, *kind.fields)}, "type": name}
    assert secret not in str(find_problem(body, version))
