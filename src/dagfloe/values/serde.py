"""Airflow's serialization of values that JSON lacks, such as tuples, sets, dates, decimals, UUIDs and DataFrames.

The form of such a value is a dict with `__classname__`, `__version__` and `__data__`. Airflow uses it for XComs, the
arguments of triggers and `next_kwargs`. Pure. Walks through lists and dicts; `serde_forms` knows the classes of the
standard library, and `serde_objects` those of libraries and of authors.
"""

from __future__ import annotations

from dagfloe.errors import ValueNotSerializableError
from dagfloe.values.jsonable import (
    CLASS_KEY,
    ID_KEY,
    MAX_DEPTH,
    OLD_DATA_KEY,
    OLD_TYPE_KEY,
    find_bad_number,
    find_bad_string,
    path_step,
    type_name,
)
from dagfloe.values.serde_forms import ENCODERS, VERSIONS, BadElementError, class_of, decode_form, make_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dagfloe.values.jsonable import ForeignValue

_VERSION_KEY, _DATA_KEY = "__version__", "__data__"
#: The latest version of the forms of numpy and pandas.
_LIBRARY_VERSION = 1
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
#: What makes an instance of a subclass one of the class itself, though the subclass may override everything.
_BASES: dict[type, Callable[[Any], Any]] = {str: str.__str__, int: int.__int__, float: float.__float__}
#: Deeper parts are not decoded: the encoders on the way to Airflow's database fail at about 250 levels.
_MAX_READ_DEPTH = 250


def encode(value: object) -> Any:
    """Encode a value to JSON, so that `decode` and Airflow restore an equal value.

    JSON values do not change. Tuples, sets, frozensets, datetimes, dates, timedeltas, decimals, UUIDs, time zones and
    DataFrames become dicts in Airflow's form. A fixed offset of `datetime.timezone` becomes one of pendulum's, because
    Airflow cannot read its own form of it. A named tuple becomes a tuple. A datetime without a time zone is encoded as
    a timestamp, and means the local time of both processes.

    Other values become JSON, from which `convert` restores them if the annotation names the class: bytes become base64,
    members of enums their values, scalars of numpy numbers, and instances of dataclasses, pydantic models and attrs
    classes dicts of their fields.

    Args:
        value: the value. It is not changed; the result shares its unaffected parts.

    Raises:
        ValueNotSerializableError: if an element has no form or would arrive as another value, such as a dict key that
            is not a str, or a dict that looks like a form. The message gives the path and the type.
    """
    try:
        return _encode(value, 0)
    except BadElementError as error:
        bad = error.bad
    path = "$" + "".join(reversed(bad.path))
    raise ValueNotSerializableError(
        f"the value at {path} is {bad.problem}: it has no form that Airflow reads back; {bad.cure}", path
    )


def decode(value: Any, foreign: list[ForeignValue] | None = None) -> Any:
    """Decode a value that `encode` or Airflow encoded, also in Airflow's older forms (`__type`, `__var`).

    Datetimes, dates and time zones of pendulum become those of the standard library. Scalars of numpy become numbers
    if the bundle does not contain numpy. Never raises.

    Args:
        value: a value from JSON. It is not changed; the result shares its unaffected parts.
        foreign: collects the values of other classes, and of malformed or later forms, which the result contains as
            `ForeignValue`. If it is None, their forms are not decoded.

    Returns:
        The value.
    """
    return _decode(value, 0, foreign)


def _encode(value: Any, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if issubclass(kind, (str, int, float)):
        bad = find_bad_string(value) if issubclass(kind, str) else find_bad_number(value)
        if bad is not None:
            raise BadElementError(bad.problem, bad.cure)
        base = str if issubclass(kind, str) else float if issubclass(kind, float) else int
        return value if kind is base else _BASES[base](value)  # such as a scalar of numpy, or a member of an enum
    if issubclass(kind, dict):
        return _encode_dict(value, _deeper(depth, 1))
    if issubclass(kind, list):
        return _encode_list(value, _deeper(depth, 1))
    name = class_of(value)
    if name not in ENCODERS:
        return _encode_object(value, name, depth)
    levels, data_of = ENCODERS[name]
    inside = _deeper(depth, levels)
    data = data_of(value)
    return make_form(name, _encode_list(data, inside) if type(data) is list else data)


def _encode_object(value: Any, name: str, depth: int) -> Any:
    from dagfloe.values.serde_objects import FRAMES, encode_frame, simplify  # noqa: PLC0415 - few tasks need it

    try:
        if name in FRAMES:
            return encode_frame(value)
        simple = simplify(value)
    except BadElementError:
        raise
    except Exception:  # noqa: BLE001 - the author's class may raise anything
        cure = "convert it to str, numbers, lists and dicts first"
        raise BadElementError(f"of type {type_name(value)}", cure) from None
    return _encode(simple, depth)


def _deeper(depth: int, levels: int) -> int:
    if depth + levels > MAX_DEPTH:
        raise BadElementError(f"nested more than {MAX_DEPTH} levels deep", "is it part of itself? flatten it")
    return depth + levels


def _encode_dict(value: dict[Any, Any], depth: int) -> dict[Any, Any]:
    if CLASS_KEY in value or ID_KEY in value or (OLD_TYPE_KEY in value and OLD_DATA_KEY in value):
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


def _decode(value: Any, depth: int, foreign: list[ForeignValue] | None) -> Any:
    kind = type(value)
    if (kind is not dict and kind is not list) or depth >= _MAX_READ_DEPTH:
        return value
    if kind is dict:
        if CLASS_KEY in value:
            return _restore(value, value[CLASS_KEY], value.get(_VERSION_KEY), value.get(_DATA_KEY), depth, foreign)
        if OLD_TYPE_KEY in value and OLD_DATA_KEY in value:
            name, data = value[OLD_TYPE_KEY], value[OLD_DATA_KEY]
            if name != "dict" or type(data) is not dict or len(value) != 2:
                name = _OLD_NAMES.get(name) if type(name) is str else None
                return _restore(value, name, 0, data, depth, foreign)
            value = data
    changed = None
    for step, child in value.items() if kind is dict else enumerate(value):
        if type(child) is dict or type(child) is list:  # most children are scalars, which need no call
            new = _decode(child, depth + 1, foreign)
            if new is not child:
                changed = value.copy() if changed is None else changed
                changed[step] = new
    return value if changed is None else changed


def _restore(
    form: dict[str, Any], name: object, version: object, data: Any, depth: int, foreign: list[ForeignValue] | None
) -> Any:
    """The value of a form; for a form that cannot be decoded, a foreign value or the form itself."""
    if type(name) is not str or type(version) is not int:
        return form  # Airflow has no such form
    is_readable = CLASS_KEY in form
    try:
        if name in VERSIONS:
            is_readable = False
            if 0 <= version <= VERSIONS[name] and len(form) == (3 if CLASS_KEY in form else 2):
                return decode_form(name, _decode(data, depth + 1, foreign))
        elif name.startswith(("numpy.", "pandas.")):
            from dagfloe.values.serde_objects import FRAMES, SCALARS, restore  # noqa: PLC0415 - few tasks need it

            if name in FRAMES or name in SCALARS:
                is_readable = False
                if 0 <= version <= _LIBRARY_VERSION:
                    return restore(name, data)
    except Exception:  # noqa: BLE001, S110 - data may contain anything
        pass
    if foreign is None:
        return form
    from dagfloe.values.foreign import make_foreign  # noqa: PLC0415 - few tasks get one

    value = make_foreign(name, _decode(data, depth + 1, foreign), is_readable=is_readable)
    foreign.append(value)
    return value
