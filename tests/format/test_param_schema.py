"""The check of a param's value against its schema."""

from __future__ import annotations

from typing import Any

import pytest

from dagfloe.format.param_schema import find_value_problem

OBJECT = {"type": "object", "required": ["a"], "properties": {"a": {"type": "array", "items": {"type": "integer"}}}}


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ("anything", {}),
        (None, {"type": ["null", "string"]}),
        (5.0, {"type": "integer"}),
        ("2026-01-31", {"type": "string", "format": "date"}),
        ("P1DT2H", {"format": "duration"}),
        (5, {"format": "idn-hostname"}),
        ({"a": [1]}, OBJECT),
        ({"unknown keywords": 1}, {"values_display": {"a": "A"}, "section": "x"}),
    ],
)
def test_valid(value: object, schema: dict[str, Any]) -> None:
    """A value that fits has no problem. Airflow's own keywords for its form check nothing."""
    assert find_value_problem(value, schema) is None


@pytest.mark.parametrize(
    ("value", "schema", "problem"),
    [
        (None, {"type": "string"}, "must be of type string, not null"),
        (True, {"type": ["integer", "null"]}, "must be of type integer or null, not boolean"),
        (1.5, {"type": "integer"}, "must be of type integer, not number"),
        ("secret", {"enum": ["a", None]}, "must be one of 'a', None"),
        ("secret", {"pattern": "^a$"}, "does not fit 'pattern': '^a$'"),
        ("secret", {"format": "date"}, "does not fit 'format': 'date'"),
        ("secret", {"format": "duration"}, "does not fit 'format': 'duration'"),
        ("-secret", {"format": "idn-hostname"}, "does not fit 'format': 'idn-hostname'"),
        ("secret", {"const": "x" * 300}, "does not fit 'const'"),
        ({}, OBJECT, "must have 'a'"),
        ({"a": [1, "secret"]}, OBJECT, "a[1] must be of type integer, not string"),
        ([["secret"]], {"items": {"items": {"type": "null"}}}, "[0][0] must be of type null, not string"),
    ],
)
def test_problems(value: object, schema: dict[str, Any], problem: str) -> None:
    """A problem names the place in the value and the keyword, and shows no value."""
    assert find_value_problem(value, schema) == problem


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "text"},
        {"minimum": "a"},
        {"pattern": "("},
        {"$ref": "#/nowhere"},
        {"$ref": "https://example.com/x.json"},
    ],
)
def test_invalid_schemas(schema: dict[str, Any]) -> None:
    """A schema that is not valid is a problem, too. No schema is fetched from the network."""
    problem = find_value_problem("x", schema)
    assert problem is not None
    assert problem.startswith("its schema is not valid: ")
    assert "\n" not in problem
