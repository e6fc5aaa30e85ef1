"""The form in which Airflow keeps values that JSON lacks: tuples, sets, dates, decimals, UUIDs and time zones.

Such a value is a map of `__classname__`, `__version__` and `__data__`: Airflow 3.3.2 writes XComs, the arguments of
triggers and `next_kwargs` so. Pure; walks lists and maps, and leaves the single classes to `serde_forms`.
"""

from __future__ import annotations

from dagfloe.errors import ValueNotSerializableError
from dagfloe.values.jsonable import MAX_DEPTH, advice_for, find_bad_number, find_bad_string, path_step, type_name
from dagfloe.values.serde_forms import ENCODERS, VERSIONS, Refusal, form_of, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CLASS, _VERSION, _DATA = "__classname__", "__version__", "__data__"
_OLD_TYPE, _OLD_DATA = "__type", "__var"
#: What the older forms call the classes.
_OLD_NAMES = {
    "tuple": "builtins.tuple",
    "set": "builtins.set",
    "frozenset": "builtins.frozenset",
    "datetime": "datetime.datetime",
    "date": "datetime.date",
    "timedelta": "datetime.timedelta",
    "timezone": "pendulum.tz.timezone.FixedTimezone",
}
#: Deeper parts are left as they are: the encoders before Airflow's database give up at about 250 levels.
_MAX_READ_DEPTH = 250


def encode(value: object) -> Any:
    """The JSON form of a value, from which `decode` and Airflow make an equal value again.

    JSON values stay as they are. Tuples, sets, frozensets, datetimes, dates, timedeltas, decimals, UUIDs and time zones
    become maps as Airflow writes them; but the fixed offsets of `datetime.timezone`, which Airflow cannot write so
    that it can read them, become those of pendulum. A named tuple becomes a tuple. A datetime without a time zone
    travels as an instant: it means the local time of the process on both sides.

    Args:
        value: the value. It is not changed; unaffected parts of it are parts of the result.

    Raises:
        ValueNotSerializableError: with the path and the type of the first element that has no form, or would arrive
            as another value: a decimal that no float holds, a key that is no text, a map that looks like a form.
    """
    try:
        return _encode(value, 0)
    except Refusal as refusal:
        bad = refusal.bad
    path = "$" + "".join(reversed(bad.path))
    raise ValueNotSerializableError(
        f"the value at {path} is {bad.what}: it has no form that Airflow reads back; {bad.cure}", path
    )


def decode(value: Any) -> Any:
    """The value that `encode` or a task of Airflow encoded, Airflow's older forms (`__type`, `__var`) included.

    Datetimes, dates and time zones of pendulum become those of the standard library. Raises nothing.

    Args:
        value: what JSON gave. It is not changed: parts with nothing to decode are parts of the result.

    Returns:
        The value. A map that names another class or a later version, or is malformed, stays as it is, inside too.
    """
    return _decode(value, 0)


def _encode(value: Any, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if issubclass(kind, (str, int, float)):
        bad = find_bad_string(value) if issubclass(kind, str) else find_bad_number(value)
        if bad is not None:
            raise Refusal(bad.what, bad.cure)
        return value
    if issubclass(kind, dict):
        return _encode_map(value, _deeper(depth, 1))
    if issubclass(kind, list):
        return _encode_list(value, _deeper(depth, 1))
    name = "builtins.tuple" if issubclass(kind, tuple) else f"{kind.__module__}.{kind.__name__}"
    if name not in ENCODERS:
        raise Refusal(f"of type {type_name(value)}", advice_for(value))
    levels, data_of = ENCODERS[name]
    inside = _deeper(depth, levels)
    data = data_of(value)
    return form_of(name, _encode_list(data, inside) if type(data) is list else data)


def _deeper(depth: int, levels: int) -> int:
    if depth + levels > MAX_DEPTH:
        raise Refusal(f"nested more than {MAX_DEPTH} levels deep", "is it part of itself? flatten it")
    return depth + levels


def _encode_map(value: dict[Any, Any], depth: int) -> dict[Any, Any]:
    if _CLASS in value or "__id__" in value or (_OLD_TYPE in value and _OLD_DATA in value):
        raise Refusal("a map with keys that mark encoded values (such as __classname__)", "rename them")
    changed = None
    for key, child in value.items():
        if not issubclass(type(key), str):
            cure = "keys are text, and Airflow would change this one: use str(...)"
            raise Refusal(f"under a key of type {type_name(key)}", cure, path_step(key))
        try:
            _encode(key, depth)
            new = _encode(child, depth)
        except Refusal as refusal:
            refusal.bad.inside(path_step(key))
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
        except Refusal as refusal:
            refusal.bad.inside(f"[{index}]")
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
        if type(child) is dict or type(child) is list:  # spares the scalars, which are most of them, a call
            new = _decode(child, depth + 1)
            if new is not child:
                changed = value.copy() if changed is None else changed
                changed[step] = new
    return value if changed is None else changed


def _restore(form: dict[str, Any], name: object, version: object, data: Any, depth: int) -> Any:
    """What a form stands for, or the form itself."""
    if type(name) is not str or type(version) is not int or not 0 <= version <= VERSIONS.get(name, -1):
        return form
    if len(form) != (3 if _CLASS in form else 2):
        return form
    try:
        return read(name, _decode(data, depth + 1))
    except Exception:  # noqa: BLE001 - data may hold anything
        return form
