"""The rules for params: their schemas, and their defaults against them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.format.param_schema import make_format_checker
from dagfloe.runtime.process.host import is_frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The names of Airflow's own arguments, beside which it passes the keys of a schema.
_RESERVED_KEYS = ("default", "description", "schema", "self", "source")


def param_problems(where: str, declared: Mapping[str, Any]) -> Iterator[str]:
    """Describe the problems of the params of a Dag.

    Args:
        where: the Dag.
        declared: its declaration.
    """
    defaults, schemas = declared.get("params", {}), declared.get("param_schemas", {})
    is_scheduled = declared.get("schedule") is not None
    for name, param in schemas.items():
        place, schema = f"{where}, param {name!r}", param["schema"]
        found = list(_schema_problems(place, schema))
        yield from found
        if name not in defaults:
            if is_scheduled:
                yield f"{place}: a Dag with a schedule needs a default for each param: pass one"
        # Without a schedule, None may stand for a value that whoever starts a run must pass.
        elif not found and (is_scheduled or defaults[name] is not None):
            yield from _default_problems(place, defaults[name], schema)


def _schema_problems(place: str, schema: dict[str, Any]) -> Iterator[str]:
    for key in _RESERVED_KEYS:
        if key in schema:
            yield f"{place}: Airflow does not take the key {key!r} in a schema: remove it"
    for reference in sorted(set(_references(schema))):
        if not reference.startswith("#"):
            yield f"{place}: Airflow would have to load {reference!r}: include the schema itself"
    try:
        import jsonschema  # noqa: PLC0415 - takes a tenth of a second, and few Dags have schemas
    except ImportError:
        if is_frozen():  # a bundle file has it only if the author's project needs it
            return
        raise
    try:
        jsonschema.validators.validator_for(schema).check_schema(schema)
    except jsonschema.SchemaError as error:
        yield f"{place}: its schema is not valid: {error.message}"


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("$ref", "$dynamicRef") and isinstance(item, str):
                yield item
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _default_problems(place: str, default: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    try:
        import jsonschema  # noqa: PLC0415 - as above
    except ImportError:
        return
    try:
        jsonschema.validate(default, schema, format_checker=make_format_checker())
    except jsonschema.ValidationError as error:
        yield f"{place}: the default does not follow the schema: {error.message}"
    except Exception as error:  # noqa: BLE001 - a reference to nowhere, a regular expression that ends never, ...
        yield f"{place}: the default cannot be checked against the schema: {error}"
