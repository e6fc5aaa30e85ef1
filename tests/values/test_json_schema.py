"""The check of a value against a JSON Schema. jsonschema, which Airflow uses, is the oracle."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dagfloe.format.param_schema import make_format_checker
from dagfloe.values.json_formats import is_format
from dagfloe.values.json_schema import find_problem

FORMATS = ("date", "duration", "email", "idn-email", "idn-hostname", "ipv4", "ipv6", "regex", "time", "uuid")
STRINGS = (
    *(
        "",
        "a",
        "ab",
        "1",
        "a@b",
        "2026-01-31",
        "2026-1-31",
        "2026-02-30",
        "10:20:30",
        "10:20",
        "P1DT2H",
        "PT",
        "[",
        "a.b",
    ),
    *("-a.b", "127.0.0.1", "127.0.0.256", "::1", "fe80::1%1", "123e4567-e89b-12d3-a456-426614174000", "x" * 64),
    *("123e4567e89b12d3a456426614174000", "2026-01-31\n", "٢٠٢٦-01-31", "{123e4567-e89b-12d3-a456-42661417400}"),
)
NUMBERS = (-3, 0, 1, 2, 5, 10**30, 0.0, 0.5, 1.0, 2.5, 1e300, -0.1)
DIALECTS = (
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema#",
)
NAMES = ("a", "ab", "b", "c")
TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")

scalars = st.sampled_from((None, True, False, *NUMBERS, *STRINGS))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=6,
)
sizes = st.integers(0, 4)
bounds = st.sampled_from(NUMBERS)
patterns = st.sampled_from(("^a", "b$", "", "[0-9]+"))


def keywords(inner: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    """Strategies for the values of keywords; `inner` makes schemas."""
    some = st.lists(inner, min_size=1, max_size=3)
    by_name = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    names = st.lists(st.sampled_from(NAMES), max_size=3, unique=True)
    return {
        "$ref": st.sampled_from(("#/$defs/x", "#/$defs/y~1z")),
        "additionalProperties": inner,
        "allOf": some,
        "anyOf": some,
        "const": values,
        "contains": inner,
        "enum": st.lists(values, min_size=1, max_size=4),
        "exclusiveMaximum": bounds,
        "exclusiveMinimum": bounds,
        "format": st.sampled_from((*FORMATS, "unknown")),
        "if": inner,
        "then": inner,
        "else": inner,
        "items": inner,
        "maxItems": sizes,
        "maxLength": sizes,
        "maxProperties": sizes,
        "maximum": bounds,
        "minItems": sizes,
        "minLength": sizes,
        "minProperties": sizes,
        "minimum": bounds,
        "multipleOf": st.sampled_from((1, 2, 3, 0.5, 0.1, 1e-300)),
        "not": inner,
        "oneOf": some,
        "pattern": patterns,
        "patternProperties": st.dictionaries(patterns, inner, max_size=2),
        "properties": by_name,
        "propertyNames": inner,
        "required": names,
        "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
        "uniqueItems": st.booleans(),
        "values_display": st.just({"a": "A"}),  # Airflow's own, for its form
    }


def newer(inner: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    """The keywords of 2020-12 and 2019-09."""
    names = st.lists(st.sampled_from(NAMES), max_size=2, unique=True)
    return {
        "dependentRequired": st.dictionaries(st.sampled_from(NAMES), names, max_size=2),
        "dependentSchemas": st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
        "maxContains": sizes,
        "minContains": sizes,
    }


def schemas(dialect: str) -> st.SearchStrategy[Any]:
    """Schemas of a dialect."""

    def extend(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        known = keywords(inner)
        some = st.lists(inner, min_size=1, max_size=3)
        if "2020-12" in dialect:
            known |= {**newer(inner), "prefixItems": some}
        else:
            known |= {"additionalItems": inner, "items": inner | some}
        if "2019-09" in dialect:
            known |= newer(inner)
        elif "draft-0" in dialect:
            names = st.lists(st.sampled_from(NAMES), max_size=2, unique=True)
            known["dependencies"] = st.dictionaries(st.sampled_from(NAMES), inner | names, max_size=2)
        return st.lists(st.sampled_from(sorted(known)), max_size=4, unique=True).flatmap(
            lambda chosen: st.fixed_dictionaries({name: known[name] for name in chosen})
        )

    inner = st.recursive(st.booleans() | extend(st.booleans()), extend, max_leaves=5)
    defs = {"$defs": {"x": {"type": "integer"}, "y/z": {"minLength": 2}}, "$schema": dialect}
    return extend(inner).map(lambda schema: {**schema, **defs})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_accepts_what_jsonschema_accepts(dialect: str) -> None:
    """A value has a problem exactly if jsonschema has one with it, with any combination of keywords."""
    counts = {True: 0, False: 0}

    @settings(max_examples=600, deadline=None)
    @given(schemas(dialect), values)
    @example({"$schema": dialect, "additionalItems": {}, "if": {"additionalItems": False, "items": False}}, [])
    def check(schema: dict[str, Any], value: Any) -> None:
        validator = jsonschema.validators.validator_for(schema)(schema, format_checker=make_format_checker())
        try:
            is_valid = validator.is_valid(value)
        except (OverflowError, TypeError):  # jsonschema divides a huge number, or counts the items of `"items": false`
            find_problem(value, schema)  # does not raise
            return
        counts[is_valid] += 1
        assert (find_problem(value, schema) is None) == is_valid

    check()
    assert min(counts.values()) > 50, counts


@pytest.mark.parametrize("name", FORMATS)
def test_formats(name: str) -> None:
    """The formats are those that jsonschema checks in Airflow."""
    checker = make_format_checker()
    results = {text: checker.conforms(text, name) for text in STRINGS}
    assert {text: is_format(text, name) for text in STRINGS} == results
    assert set(results.values()) == {True, False}


@pytest.mark.parametrize(
    ("value", "schema", "problem"),
    [
        ("secret", {"type": "integer"}, "must be of type integer, not string"),
        ("secret", {"type": ["integer", "null"]}, "must be of type integer or null, not string"),
        (None, {"enum": ["a", "b"]}, "must be one of 'a', 'b'"),
        (-1, {"minimum": 0}, "does not fit 'minimum': 0"),
        ("secret", {"const": "x" * 300}, "does not fit 'const'"),
        ({}, {"required": ["a"]}, "must have 'a'"),
        (
            {"a": ["secret"]},
            {"properties": {"a": {"items": {"type": "null"}}}},
            "a[0] must be of type null, not string",
        ),
        ({"secret": 1}, {"additionalProperties": False}, "secret is not allowed"),
        ("secret", {"$ref": "#other"}, "cannot be checked, because its schema is not valid"),
        ("secret", {"pattern": "("}, "cannot be checked, because its schema is not valid"),
        ("secret", {"type": "text"}, "cannot be checked, because its schema is not valid"),
        ("secret", {"$ref": "#"}, "cannot be checked, because its schema is not valid"),
        (
            1,
            {"$ref": "#a%20b", "$defs": {"x": [{"$anchor": "a b", "type": "null"}]}},
            "must be of type null, not integer",
        ),
    ],
)
def test_problems(value: object, schema: dict[str, Any], problem: str) -> None:
    """A problem names the place and the rule, not the value."""
    assert find_problem(value, schema) == problem


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://example.com/x.json"},
        {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 5, "exclusiveMinimum": True},
        {"unevaluatedProperties": False},
    ],
)
def test_what_is_not_checked(schema: dict[str, Any]) -> None:
    """References to other documents, and schemas of older drafts, are left to Airflow."""
    assert find_problem(5, schema) is None


def test_imports_little() -> None:
    """The check does not import jsonschema."""
    code = (
        "import sys; from dagfloe.values.json_schema import find_problem\n"
        "assert find_problem('x', {'type': 'integer'}); print('jsonschema' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"
