"""Values, dates and params in Airflow's serialized form, version 3. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARAM_CLASS = "airflow.sdk.definitions.param.Param"


def typed(kind: str, value: Any) -> dict[str, Any]:
    """A value with the name of its type."""
    return {"__type": kind, "__var": value}


def encode(value: Any) -> Any:
    """A JSON value: mappings name their type, at every level."""
    if isinstance(value, dict):
        return typed("dict", {key: encode(item) for key, item in value.items()})
    return [encode(item) for item in value] if isinstance(value, list) else value


def timestamp(iso: str) -> float:
    """The seconds since the epoch of a date with an offset, in ISO form."""
    return datetime.fromisoformat(iso).timestamp()


def duration(seconds: float) -> float:
    """A duration, to the microsecond."""
    return timedelta(seconds=seconds).total_seconds()


def params(declared: Mapping[str, Any], source: str | None) -> list[list[Any]]:
    """The params of a Dag, sorted by name, because the manifest of a file does not keep their order.

    Args:
        declared: the declaration of the Dag.
        source: `dag` where a task repeats the params; None in the Dag itself.
    """
    defaults, schemas = declared.get("params", {}), declared.get("param_schemas", {})
    encoded = []
    for name in sorted({*defaults, *schemas}):
        default = _encode_default(defaults[name]) if name in defaults else typed("arg_not_set", None)
        described = schemas.get(name, {})
        param = {
            "__class": _PARAM_CLASS,
            "default": default,
            "description": described.get("description"),
            "schema": encode(described.get("schema", {})),
            "source": source,
        }
        encoded.append([name, param])
    return encoded


def _encode_default(value: Any) -> Any:
    """The default of a param. Airflow decodes a list only if all its items are mappings."""
    if isinstance(value, list) and not all(isinstance(item, dict) for item in value):
        return value
    return encode(value)
