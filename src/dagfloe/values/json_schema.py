"""Checks a value against a JSON Schema, in a task's process: without jsonschema, which takes a tenth of a second.

It knows the keywords of JSON Schema 2020-12 and those that differ in draft 7 and 2019-09, and the formats that
an Airflow without additional packages checks. It does not check `unevaluatedItems` and `unevaluatedProperties`,
references to other documents, and schemas of older drafts: only Airflow does, when it creates the run.
"""

from __future__ import annotations

import re

from dagfloe.values.json_formats import is_format

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    Rule = Callable[["_Check", Any, Any, Mapping[str, Any], str], "str | None"]

#: Longer values of keywords are not shown.
_MAX_SHOWN = 200


def find_problem(value: Any, schema: Any) -> str | None:
    """Return which rule of a schema a value breaks, or None if it breaks none. The text does not show the value.

    Args:
        value: a JSON value.
        schema: the schema.
    """
    dialect = str(schema.get("$schema", "")) if isinstance(schema, dict) else ""
    if any(draft in dialect for draft in ("draft-03", "draft-04", "draft-06")):
        return None
    try:
        return _Check(schema, is_old="draft-07" in dialect).problem(value, schema, "")
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        StopIteration,
        TypeError,
        ValueError,
        re.error,
    ):
        return "cannot be checked, because its schema is not valid"


class _Check:
    """The check of one value.

    Args:
        root: the whole schema, which references refer to.
        is_old: whether the schema is of a draft before 2019-09.
    """

    def __init__(self, root: Any, *, is_old: bool) -> None:
        self._root = root
        self.is_old = is_old

    def problem(self, value: Any, schema: Any, place: str) -> str | None:
        """The problem of a value, or of a part of it at a place."""
        if isinstance(schema, bool):
            return None if schema else _say(place, "is not allowed")
        keywords = {"$ref": schema["$ref"]} if self.is_old and "$ref" in schema else schema
        for keyword, expected in keywords.items():
            rule = _RULES.get(keyword)
            if rule is not None and (found := rule(self, expected, value, schema, place)) is not None:
                return found
        return None

    def fits(self, value: Any, schema: Any) -> bool:
        """Whether a value has no problem."""
        return self.problem(value, schema, "") is None

    def find(self, reference: str) -> Any:
        """The part of the schema that a reference refers to; True, which allows everything, for other documents."""
        document, _, fragment = reference.partition("#")
        if document:
            return True
        from urllib.parse import unquote  # noqa: PLC0415 - few schemas have references

        pointer = unquote(fragment)
        if pointer and not pointer.startswith("/"):
            return next(
                part for part in _parts(self._root) if pointer in (part.get("$anchor"), part.get("$dynamicAnchor"))
            )
        found = self._root
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found[key]
        return found


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all dicts inside it; a dict without an anchor that is looked for is the end."""
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        if isinstance(part, (dict, list)):
            yield from _parts(part)


def _say(place: str, reason: str) -> str:
    return f"{place.removeprefix('.')} {reason}" if place else reason


def _misfit(keyword: str, expected: Any, place: str) -> str:
    shown = repr(expected)
    return _say(place, f"does not fit {keyword!r}" + (f": {shown}" if len(shown) <= _MAX_SHOWN else ""))


# Types and equality


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_type(value: Any, name: str) -> bool:
    if name == "integer":
        return _is_number(value) and (isinstance(value, int) or value.is_integer())
    if name == "number":
        return _is_number(value)
    types = {"array": list, "boolean": bool, "null": type(None), "object": dict, "string": str}
    return isinstance(value, types[name])


def _json_type(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), type(value).__name__)


def _canonical(value: Any) -> Any:
    """A form that is equal for equal JSON values only: Python takes True for 1."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    return value


# The rules


def _type(_check: _Check, expected: Any, value: Any, _schema: Mapping[str, Any], place: str) -> str | None:
    types = [expected] if isinstance(expected, str) else expected
    if any(_is_type(value, name) for name in types):
        return None
    return _say(place, f"must be of type {' or '.join(types)}, not {_json_type(value)}")


def _enum(_check: _Check, expected: Any, value: Any, _schema: Mapping[str, Any], place: str) -> str | None:
    if any(_canonical(item) == _canonical(value) for item in expected):
        return None
    return _say(place, f"must be one of {', '.join(map(repr, expected))}")


def _required(_check: _Check, expected: Any, value: Any, _schema: Mapping[str, Any], place: str) -> str | None:
    missing = [name for name in expected if name not in value] if isinstance(value, dict) else []
    return _say(place, f"must have {', '.join(map(repr, missing))}") if missing else None


def _simple(keyword: str, applies: Callable[[Any], bool], fits: Callable[[Any, Any], object]) -> tuple[str, Rule]:
    """A rule that compares the value with what the schema expects."""

    def rule(_check: _Check, expected: Any, value: Any, _schema: Mapping[str, Any], place: str) -> str | None:
        return None if not applies(value) or fits(value, expected) else _misfit(keyword, expected, place)

    return keyword, rule


def _any(_value: Any) -> bool:
    return True


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_array(value: Any) -> bool:
    return isinstance(value, list)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_multiple(value: Any, of: Any) -> bool:
    if not isinstance(of, float):
        return not value % of
    try:
        quotient = value / of
        return bool(int(quotient) == quotient)
    except OverflowError:
        from fractions import Fraction  # noqa: PLC0415 - only for very large numbers

        return (Fraction(value) / Fraction(of)).denominator == 1


def _is_unique(value: Any, expected: Any) -> bool:
    items = [_canonical(item) for item in value]
    return not expected or all(item not in items[:index] for index, item in enumerate(items))


def _items(check: _Check, expected: Any, value: Any, schema: Mapping[str, Any], place: str) -> str | None:
    if not isinstance(value, list):
        return None
    first = len(schema.get("prefixItems", ()))
    if isinstance(expected, list):  # before 2020-12
        return _each_at(check, value, expected, 0, place)
    return _each(check, value, expected, first, place)


def _prefix_items(check: _Check, expected: Any, value: Any, _schema: Mapping[str, Any], place: str) -> str | None:
    return _each_at(check, value, expected, 0, place) if isinstance(value, list) else None


def _additional_items(check: _Check, expected: Any, value: Any, schema: Mapping[str, Any], place: str) -> str | None:
    items = schema.get("items")
    if not isinstance(value, list) or not isinstance(items, list):
        return None
    return _each(check, value, expected, len(items), place)


def _each(check: _Check, value: list[Any], schema: Any, first: int, place: str) -> str | None:
    return _each_at(check, value, [schema] * (len(value) - first), first, place)


def _each_at(check: _Check, value: list[Any], schemas: list[Any], first: int, place: str) -> str | None:
    for index, (item, schema) in enumerate(zip(value[first:], schemas, strict=False), first):
        if (found := check.problem(item, schema, f"{place}[{index}]")) is not None:
            return found
    return None


def _contains(check: _Check, expected: Any, value: Any, schema: Mapping[str, Any], place: str) -> str | None:
    if not isinstance(value, list):
        return None
    count = sum(check.fits(item, expected) for item in value)
    if count < schema.get("minContains", 1):
        return _misfit("minContains" if count else "contains", schema.get("minContains", expected), place)
    if count > schema.get("maxContains", count):
        return _misfit("maxContains", schema["maxContains"], place)
    return None


def _properties(check: _Check, expected: Any, value: Any, _schema: Mapping[str, Any], place: str) -> str | None:
    for name, schema in expected.items() if isinstance(value, dict) else ():
        if name in value and (found := check.problem(value[name], schema, f"{place}.{name}")) is not None:
            return found
    return None


def _pattern_properties(check: _Check, expected: Any, value: Any, _schema: Mapping[str, Any], place: str) -> str | None:
    for pattern, schema in expected.items() if isinstance(value, dict) else ():
        for name, item in value.items():
            if re.search(pattern, name) and (found := check.problem(item, schema, f"{place}.{name}")) is not None:
                return found
    return None


def _additional_properties(
    check: _Check, expected: Any, value: Any, schema: Mapping[str, Any], place: str
) -> str | None:
    if not isinstance(value, dict):
        return None
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    extra = [name for name in value if name not in known and not any(re.search(one, name) for one in patterns)]
    for name in extra:
        if (found := check.problem(value[name], expected, f"{place}.{name}")) is not None:
            return found
    return None


def _property_names(check: _Check, expected: Any, value: Any, _schema: Mapping[str, Any], place: str) -> str | None:
    is_valid = not isinstance(value, dict) or all(check.fits(name, expected) for name in value)
    return None if is_valid else _misfit("propertyNames", expected, place)


def _dependent(check: _Check, expected: Any, value: Any, schema: Mapping[str, Any], place: str) -> str | None:
    for name, dependency in expected.items() if isinstance(value, dict) else ():
        if name not in value:
            continue
        rule = _required if isinstance(dependency, list) else _all_of
        needed = dependency if isinstance(dependency, list) else [dependency]
        if (found := rule(check, needed, value, schema, place)) is not None:
            return found
    return None


def _dependencies(check: _Check, expected: Any, value: Any, schema: Mapping[str, Any], place: str) -> str | None:
    return _dependent(check, expected, value, schema, place) if check.is_old else None


def _all_of(check: _Check, expected: Any, value: Any, _schema: Mapping[str, Any], place: str) -> str | None:
    return next((found for schema in expected if (found := check.problem(value, schema, place)) is not None), None)


def _any_of(check: _Check, expected: Any, value: Any, _schema: Mapping[str, Any], place: str) -> str | None:
    return None if any(check.fits(value, schema) for schema in expected) else _misfit("anyOf", expected, place)


def _one_of(check: _Check, expected: Any, value: Any, _schema: Mapping[str, Any], place: str) -> str | None:
    count = sum(check.fits(value, schema) for schema in expected)
    return None if count == 1 else _misfit("oneOf", expected, place)


def _not(check: _Check, expected: Any, value: Any, _schema: Mapping[str, Any], place: str) -> str | None:
    return _misfit("not", expected, place) if check.fits(value, expected) else None


def _if(check: _Check, expected: Any, value: Any, schema: Mapping[str, Any], place: str) -> str | None:
    return check.problem(value, schema.get("then" if check.fits(value, expected) else "else", True), place)


def _ref(check: _Check, expected: Any, value: Any, _schema: Mapping[str, Any], place: str) -> str | None:
    return check.problem(value, check.find(expected), place)


_RULES: dict[str, Rule] = {
    "$dynamicRef": _ref,
    "$ref": _ref,
    "additionalItems": _additional_items,
    "additionalProperties": _additional_properties,
    "allOf": _all_of,
    "anyOf": _any_of,
    "contains": _contains,
    "dependencies": _dependencies,
    "dependentRequired": _dependent,
    "dependentSchemas": _dependent,
    "enum": _enum,
    "if": _if,
    "items": _items,
    "not": _not,
    "oneOf": _one_of,
    "patternProperties": _pattern_properties,
    "prefixItems": _prefix_items,
    "properties": _properties,
    "propertyNames": _property_names,
    "required": _required,
    "type": _type,
    **dict(
        (
            _simple("const", _any, lambda value, expected: _canonical(value) == _canonical(expected)),
            _simple("exclusiveMaximum", _is_number, lambda value, expected: value < expected),
            _simple("exclusiveMinimum", _is_number, lambda value, expected: value > expected),
            _simple("format", _is_string, is_format),
            _simple("maximum", _is_number, lambda value, expected: value <= expected),
            _simple("maxItems", _is_array, lambda value, expected: len(value) <= expected),
            _simple("maxLength", _is_string, lambda value, expected: len(value) <= expected),
            _simple("maxProperties", _is_object, lambda value, expected: len(value) <= expected),
            _simple("minimum", _is_number, lambda value, expected: value >= expected),
            _simple("minItems", _is_array, lambda value, expected: len(value) >= expected),
            _simple("minLength", _is_string, lambda value, expected: len(value) >= expected),
            _simple("minProperties", _is_object, lambda value, expected: len(value) >= expected),
            _simple("multipleOf", _is_number, _is_multiple),
            _simple("pattern", _is_string, lambda value, expected: re.search(expected, value)),
            _simple("uniqueItems", _is_array, _is_unique),
        )
    ),
}
