"""Checks that a value has a JSON form, as variables and conf need it. Pure; knows no frames."""

from __future__ import annotations

from dagfloe.errors import ValueNotSerializableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: The maximum depth: the decoders on the way to Airflow's database fail at about 250 levels.
MAX_DEPTH = 200
INT_MIN = -(2**63)
INT_MAX = 2**64 - 1
#: A dict with these keys is a value of another class in Airflow's serialization, also in the older one.
CLASS_KEY, ID_KEY, OLD_TYPE_KEY, OLD_DATA_KEY = "__classname__", "__id__", "__type", "__var"

_ADVICE = {
    "datetime": "use .isoformat()",
    "date": "use .isoformat()",
    "time": "use .isoformat()",
    "timedelta": "use .total_seconds()",
    "bytes": "decode it, or encode it as a base64 string",
    "bytearray": "decode it, or encode it as a base64 string",
    "set": "use sorted(...) or list(...)",
    "frozenset": "use sorted(...) or list(...)",
    "Decimal": "use float(...) or str(...)",
    "UUID": "use str(...)",
    "DataFrame": "use .to_dict('records')",
    "Series": "use .to_list()",
    "ndarray": "use .tolist()",
    "Timestamp": "use .isoformat()",
    "complex": "use its .real and .imag",
    "complex64": "use its .real and .imag",
    "complex128": "use its .real and .imag",
    "Path": "use str(...)",
    "PosixPath": "use str(...)",
    "range": "use list(...)",
    "generator": "use list(...)",
    "deque": "use list(...)",
    "Table": "use .to_pylist(), or .to_pandas()",
}


def check_jsonable(value: object) -> None:
    """Check that a value has a JSON form that reaches Airflow unchanged.

    Valid are None, bool, str, int of 64 bits, finite float, and list, tuple and dict of these; the keys of a dict are
    str. A tuple arrives as a list.

    Args:
        value: the value to check.

    Raises:
        ValueNotSerializableError: with the path of the first bad element and its type.
    """
    bad = _find_bad(value, 0)
    if bad is not None:
        path = "$" + "".join(reversed(bad.path))
        raise ValueNotSerializableError(f"the value at {path} is {bad.problem}: it has no JSON form; {bad.cure}", path)


class ForeignValue:
    """A value of a class that Airflow names, and that the task which pushed it has. See `dagfloe.values.foreign`.

    Attributes:
        name: the full name of the class, for messages.
        data: the decoded data: for an instance of a class with fields, a dict.
        is_readable: whether the data can be used without the class. Those of a DataFrame cannot.
    """

    __slots__ = ("data", "is_readable", "name")

    def __init__(self, name: str, data: object, *, is_readable: bool) -> None:
        self.name = name
        self.data = data
        self.is_readable = is_readable


def is_plain(value: Any, depth: int = 0) -> bool:  # noqa: C901 - one function, because each call costs
    """Whether Airflow reads an equal value from the unchanged one.

    Args:
        value: the value.
        depth: the number of lists and dicts around it.

    Returns:
        True for None, bool, str, int of 64 bits, finite float, and list and dict of these. False for everything else,
        also for instances of subclasses, and for dicts that Airflow would read as values of other classes.
    """
    kind = type(value)
    if kind is str:
        return bool(value.isascii()) or find_bad_string(value) is None
    if kind is int:
        return bool(INT_MIN <= value <= INT_MAX)
    if kind is float:
        return bool(value - value == 0)  # not so for NaN and the infinities
    if value is None or kind is bool:
        return True
    if depth >= MAX_DEPTH:
        return False
    if kind is list:
        return all([is_plain(child, depth + 1) for child in value])  # noqa: C419 - a list is faster than a generator
    if kind is not dict or CLASS_KEY in value or ID_KEY in value or OLD_TYPE_KEY in value:
        return False
    for key, child in value.items():
        if type(key) is not str or not (key.isascii() or find_bad_string(key) is None):
            return False
        if not is_plain(child, depth + 1):
            return False
    return True


class BadElement:
    """An element without a JSON form.

    The path is collected from its end while the search returns, so that good values cost no path.

    Attributes:
        problem: what the element is, as in `the value at $ is ...`.
        cure: what the author can do about it.
        path: the steps that lead to it, the last one first.
    """

    __slots__ = ("cure", "path", "problem")

    def __init__(self, problem: str, cure: str, *path: str) -> None:
        self.problem = problem
        self.cure = cure
        self.path = list(path)

    def inside(self, step: str) -> BadElement:
        """Add a step that leads to the element from the outside."""
        self.path.append(step)
        return self


def _find_bad(value: Any, depth: int) -> BadElement | None:
    # Uses `type` and the methods of the base classes, because subclasses and proxies may override them.
    kind = type(value)
    if value is None or kind is bool:
        return None
    if issubclass(kind, str):
        return find_bad_string(value)
    if issubclass(kind, (int, float)):
        return find_bad_number(value)
    if not issubclass(kind, (dict, list, tuple)):
        return BadElement(f"of type {type_name(value)}", advice_for(value))
    if depth >= MAX_DEPTH:
        return BadElement(f"nested more than {MAX_DEPTH} levels deep", "is it part of itself? flatten it")
    return _find_bad_in_dict(value, depth) if issubclass(kind, dict) else _find_bad_in_list(value, depth)


def _find_bad_in_dict(value: dict[object, object], depth: int) -> BadElement | None:
    for key, child in value.items():
        if not issubclass(type(key), str):
            return BadElement(f"under a key of type {type_name(key)}", "keys must be str: use str(...)", path_step(key))
        bad = find_bad_string(key) or _find_bad(child, depth + 1)
        if bad is not None:
            return bad.inside(path_step(key))
    return None


def _find_bad_in_list(value: list[object] | tuple[object, ...], depth: int) -> BadElement | None:
    for index, child in enumerate(value):
        bad = _find_bad(child, depth + 1)
        if bad is not None:
            return bad.inside(f"[{index}]")
    return None


def find_bad_number(value: Any) -> BadElement | None:
    """What is wrong with an int or a float; None when JSON can hold it."""
    if issubclass(type(value), float):
        real = float.__float__(value)
        if real - real != 0:  # only for NaN and the infinities
            return BadElement(f"the float {real!r}, which JSON does not have", "use None or a string instead")
    elif not INT_MIN <= int.__int__(value) <= INT_MAX:
        return BadElement("an integer of more than 64 bits", "use str(...)")
    return None


def find_bad_string(string: Any) -> BadElement | None:
    """What is wrong with a str; None when JSON can hold it."""
    try:
        str.encode(string)
    except UnicodeEncodeError:
        return BadElement("a str with a lone surrogate, which UTF-8 does not have", "remove it first")
    return None


def path_step(key: Any) -> str:
    """The step of a path that leads to a dict's value, such as `.price` or `['unit price']`."""
    if issubclass(type(key), str):
        name = str.__str__(key)
        return f".{name}" if name.isidentifier() else f"[{name!r}]"
    try:
        return f"[{key!r}]"
    except Exception:  # noqa: BLE001 - a __repr__ of the author's
        return f"[{type_name(key)}]"


def advice_for(value: object) -> str:
    """What an author can do about a value that has no JSON form."""
    kind = type(value)
    if kind.__name__ in _ADVICE:
        return _ADVICE[kind.__name__]
    if kind.__module__ == "numpy" and hasattr(value, "item"):
        return "use .item()"
    return "convert it to str, numbers, lists and dicts first"


def type_name(value: object) -> str:
    """The name of a value's class, with its module unless it is a builtin."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
