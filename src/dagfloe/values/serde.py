"""Airflow's serialization of values that JSON lacks: tuples, sets, dates, decimals, UUIDs and time zones.

The form of such a value is a dict with `__classname__`, `__version__` and `__data__`. Airflow 3.3.2 uses it for XComs,
the arguments of triggers and `next_kwargs`. Pure. Walks through lists and dicts; `serde_forms` knows the classes.
"""

from __future__ import annotations

from dagfloe.errors import ValueNotSerializableError
from dagfloe.values.jsonable import MAX_DEPTH, advice_for, find_bad_number, find_bad_string, path_step, type_name
from dagfloe.values.serde_forms import ENCODERS, VERSIONS, BadElementError, decode_form, make_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CLASS, _VERSION, _DATA = "__classname__", "__version__", "__data__"
_OLD_TYPE, _OLD_DATA = "__type", "__var"
#: The classes by their names in the older forms.
_OLD_NAMES = {
    "tuple": "builtins.tuple",
    "set": "builtins.set",
    "frozenset": "builtins.frozenset",
    "datetime": "datetime.datetime",
    "date": "datetime.date",
    "timedelta": "datetime.timedelta",
    "timezone": "pendulum.tz.timezone.FixedTimezone",
}
#: Deeper parts are not decoded: the encoders on the way to Airflow's database fail at about 250 levels.
_MAX_READ_DEPTH = 250


def encode(value: object) -> Any:
    """Encode a value to JSON, so that `decode` and Airflow restore an equal value.

    JSON values do not change. Tuples, sets, frozensets, datetimes, dates, timedeltas, decimals, UUIDs and time zones
    become dicts in Airflow's form. A fixed offset of `datetime.timezone` becomes one of pendulum's, because Airflow
    cannot read its own form of it. A named tuple becomes a tuple. A datetime without a time zone is encoded as a
    timestamp, and means the local time of both processes.

    Args:
        value: the value. It is not changed; the result shares its unaffected parts.

    Raises:
        ValueNotSerializableError: if an element has no form or would arrive as another value, such as a decimal that
            no float equals, a dict key that is not a str, or a dict that looks like a form. The message gives the
            path and the type.
    """
    try:
        return _encode(value, 0)
    except BadElementError as error:
        bad = error.bad
    path = "$" + "".join(reversed(bad.path))
    raise ValueNotSerializableError(
        f"the value at {path} is {bad.problem}: it has no form that Airflow reads back; {bad.cure}", path
    )


def decode(value: Any) -> Any:
    """Decode a value that `encode` or Airflow encoded, also in Airflow's older forms (`__type`, `__var`).

    Datetimes, dates and time zones of pendulum become those of the standard library. Never raises.

    Args:
        value: a value from JSON. It is not changed; the result shares its unaffected parts.

    Returns:
        The value. A dict with another class or a later version, or a malformed form, is not decoded.
    """
    return _decode(value, 0)


def _encode(value: Any, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if issubclass(kind, (str, int, float)):
        bad = find_bad_string(value) if issubclass(kind, str) else find_bad_number(value)
        if bad is not None:
            raise BadElementError(bad.problem, bad.cure)
        return value
    if issubclass(kind, dict):
        return _encode_dict(value, _deeper(depth, 1))
    if issubclass(kind, list):
        return _encode_list(value, _deeper(depth, 1))
    name = "builtins.tuple" if issubclass(kind, tuple) else f"{kind.__module__}.{kind.__name__}"
    if name not in ENCODERS:
        raise BadElementError(f"of type {type_name(value)}", advice_for(value))
    levels, data_of = ENCODERS[name]
    inside = _deeper(depth, levels)
    data = data_of(value)
    return make_form(name, _encode_list(data, inside) if type(data) is list else data)


def _deeper(depth: int, levels: int) -> int:
    if depth + levels > MAX_DEPTH:
        raise BadElementError(f"nested more than {MAX_DEPTH} levels deep", "is it part of itself? flatten it")
    return depth + levels


def _encode_dict(value: dict[Any, Any], depth: int) -> dict[Any, Any]:
    if _CLASS in value or "__id__" in value or (_OLD_TYPE in value and _OLD_DATA in value):
        raise BadElementError("a dict with keys that mark encoded values (such as __classname__)", "rename them")
    changed = None
    for key, child in value.items():
        if not issubclass(type(key), str):
            cure = "keys must be str, and Airflow would change this one: use str(...)"
            raise BadElementError(f"under a key of type {type_name(key)}", cure, path_step(key))
        try:
            _encode(key, depth)
            new = _encode(child, depth)
        except BadElementError as error:
            error.bad.inside(path_step(key))
            raise
        if new is not child:
            changed = dict(value) if changed is None else changed
            changed[key] = new
    return value if changed is None else changed


def _encode_list(value: list[Any], depth: int) -> list[Any]:
    changed = None
    for index, child in enumerate(value):
        try:
            new = _encode(child, depth)
        except BadElementError as error:
            error.bad.inside(f"[{index}]")
            raise
        if new is not child:
            changed = list(value) if changed is None else changed
            changed[index] = new
    return value if changed is None else changed


def _decode(value: Any, depth: int) -> Any:
    kind = type(value)
    if (kind is not dict and kind is not list) or depth >= _MAX_READ_DEPTH:
        return value
    if kind is dict:
        if _CLASS in value:
            return _restore(value, value[_CLASS], value.get(_VERSION), value.get(_DATA), depth)
        if _OLD_TYPE in value and _OLD_DATA in value:
            name, data = value[_OLD_TYPE], value[_OLD_DATA]
            if name != "dict" or type(data) is not dict or len(value) != 2:
                return _restore(value, _OLD_NAMES.get(name) if type(name) is str else None, 0, data, depth)
            value = data
    changed = None
    for step, child in value.items() if kind is dict else enumerate(value):
        if type(child) is dict or type(child) is list:  # most children are scalars, which need no call
            new = _decode(child, depth + 1)
            if new is not child:
                changed = value.copy() if changed is None else changed
                changed[step] = new
    return value if changed is None else changed


def _restore(form: dict[str, Any], name: object, version: object, data: Any, depth: int) -> Any:
    """The value of a form; the form itself if it cannot be decoded."""
    if type(name) is not str or type(version) is not int or not 0 <= version <= VERSIONS.get(name, -1):
        return form
    if len(form) != (3 if _CLASS in form else 2):
        return form
    try:
        return decode_form(name, _decode(data, depth + 1))
    except Exception:  # noqa: BLE001 - data may contain anything
        return form
