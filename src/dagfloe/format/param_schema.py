"""Checks a value of a param against the param's JSON schema, as Airflow does when it creates a run."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jsonschema
    from jsonschema.exceptions import ValidationError

_NUMBER = r"\d+(?:[.,]\d+)?"
_DURATION = re.compile(
    rf"[+-]?P(?!$)(?:{_NUMBER}W|(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}D)?"
    rf"(?:T(?!$)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)"
)
_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")


def find_value_problem(value: Any, schema: dict[str, Any]) -> str | None:
    """Return why Airflow refuses a value, or None if it accepts it. The text does not show the value.

    Args:
        value: the value of the param, or its default.
        schema: the param's schema, of any draft.
    """
    import jsonschema  # noqa: PLC0415 - takes a tenth of a second
    from jsonschema.exceptions import best_match  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    validator = jsonschema.validators.validator_for(schema)
    try:
        validator.check_schema(schema)
        # Without a registry, jsonschema would fetch a schema that a reference names from the network.
        errors = validator(schema, registry=Registry(), format_checker=make_format_checker()).iter_errors(value)
        error = best_match(errors)
    except (jsonschema.SchemaError, re.error, RecursionError, Unresolvable) as problem:
        reason = problem.message if isinstance(problem, jsonschema.SchemaError) else f"{problem}"
        return f"its schema is not valid: {reason.splitlines()[0]}"
    return None if error is None else _describe(error)


def _describe(error: ValidationError) -> str:
    """Say which keyword of the schema a value breaks; jsonschema's own message would quote the value."""
    place = error.json_path.removeprefix("$").removeprefix(".")
    where = f"{place} " if place else ""
    keyword, instance = str(error.validator), error.instance
    expected: Any = error.validator_value
    if keyword == "type":
        types = [expected] if isinstance(expected, str) else list(expected)
        return f"{where}must be of type {' or '.join(types)}, not {_json_type(instance)}"
    if keyword == "enum":
        return f"{where}must be one of {', '.join(map(repr, expected))}"
    if keyword == "required":
        missing = [name for name in expected if isinstance(instance, dict) and name not in instance]
        return f"{where}must have {', '.join(map(repr, missing))}"
    text = repr(expected)
    return f"{where}does not fit {keyword!r}" + (f": {text}" if len(text) <= 200 else "")


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), type(value).__name__)


@cache
def make_format_checker() -> jsonschema.FormatChecker:
    """The formats that Airflow checks: it installs packages for two that jsonschema does not check alone."""
    import jsonschema  # noqa: PLC0415 - as above

    checker = jsonschema.FormatChecker()
    checker.checks("duration")(_is_duration)
    checker.checks("idn-hostname")(_is_hostname)
    return checker


def _is_duration(value: object) -> bool:
    return not isinstance(value, str) or _DURATION.fullmatch(value) is not None


def _is_hostname(value: object) -> bool:
    return not isinstance(value, str) or all(map(_LABEL.fullmatch, value.removesuffix(".").split(".")))
