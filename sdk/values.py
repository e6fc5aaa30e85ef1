"""What an XCom or a variable may hold: values that have a JSON form. Pure; knows nothing of frames."""

from __future__ import annotations

from dagfloe.errors import ValueNotSerializableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Deeper values are refused: the decoders between here and Airflow's database give up at about 250 levels.
MAX_DEPTH = 200
INT_MIN = -(2**63)
INT_MAX = 2**64 - 1

_ADVICE = {
    "datetime": "use .isoformat()",
    "date": "use .isoformat()",
    "time": "use .isoformat()",
    "timedelta": "use .total_seconds()",
    "bytes": "decode it, or encode it as base64 text",
    "bytearray": "decode it, or encode it as base64 text",
    "set": "use sorted(...) or list(...)",
    "frozenset": "use sorted(...) or list(...)",
    "Decimal": "use float(...) or str(...)",
    "UUID": "use str(...)",
    "DataFrame": "use .to_dict('records')",
    "Series": "use .to_list()",
    "ndarray": "use .tolist()",
    "Timestamp": "use .isoformat()",
}


def check_jsonable(value: object) -> None:
    """Check that a value has a JSON form that survives the trip to Airflow unchanged.

    Allowed are None, booleans, text, integers of 64 bits, finite floats, and lists, tuples and maps with text keys of
    these. A tuple arrives as a list.

    Args:
        value: the value to check. It is not changed.

    Raises:
        ValueNotSerializableError: with the path of the first bad element and its type.
    """
    _check(value, "$", 0)


def _check(value: object, path: str, depth: int) -> None:
    if value is None or value is True or value is False:
        return
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, int):
        if not INT_MIN <= value <= INT_MAX:
            raise _error(path, "an integer of more than 64 bits", "use str(...)")
    elif isinstance(value, float):
        if value - value != 0:  # only NaN and the infinities
            raise _error(path, f"the float {value!r}, which JSON does not have", "use None or a text instead")
    elif isinstance(value, (dict, list, tuple)):
        if depth >= MAX_DEPTH:
            raise _error(path, f"nested more than {MAX_DEPTH} levels deep", "is it part of itself? flatten it")
        for child, child_path in _children(value, path):
            _check(child, child_path, depth + 1)
    else:
        raise _error(path, f"of type {_type_name(value)}", _advice(value))


def _children(
    value: dict[object, object] | list[object] | tuple[object, ...], path: str
) -> Iterator[tuple[object, str]]:
    if isinstance(value, dict):
        for key, child in value.items():
            if not isinstance(key, str):
                raise _error(
                    f"{path}[{key!r}]", f"under a key of type {_type_name(key)}", "keys are text: use str(...)"
                )
            _check_text(key, f"{path}[{key!r}]")
            yield child, f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]"
    else:
        for index, child in enumerate(value):
            yield child, f"{path}[{index}]"


def _check_text(text: str, path: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _error(path, "text with a lone surrogate, which UTF-8 does not have", "clean it first") from None


def _advice(value: object) -> str:
    kind = type(value)
    if kind.__module__ == "numpy" and hasattr(value, "item") and kind.__name__ != "ndarray":
        return "use .item()"
    return _ADVICE.get(kind.__name__, "convert it to text, numbers, lists and maps first")


def _type_name(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _error(path: str, what: str, cure: str) -> ValueNotSerializableError:
    return ValueNotSerializableError(f"the value at {path} is {what}: it has no JSON form; {cure}", path)
