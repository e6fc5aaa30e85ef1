"""Which JSON values an annotation accepts, as a JSON Schema. Pure.

Airflow compares only the types of whole values, so a schema does not describe what lists and dicts contain. If it is
not certain what an annotation accepts, it gets no schema: Airflow would refuse the Dag, while `convert` refuses only a
wrong value.
"""

from __future__ import annotations

import sys
from abc import ABCMeta

from dagfloe.values.hints import Scope, is_class, is_union, special_form, unwrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_JSON_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}
_CONVERTED: dict[type, str] = {tuple: "array", set: "array", frozenset: "array"}
#: How `collections.abc` names what `convert` makes of a list or a dict.
_ABSTRACT = {
    **dict.fromkeys(("Sequence", "MutableSequence", "Collection", "Iterable", "Set", "MutableSet"), "array"),
    **dict.fromkeys(("Mapping", "MutableMapping"), "object"),
}
#: A union has at most this many members, and they are nested at most this deep: nobody reads more.
_MAX_MEMBERS = 50


class _OpenError(Exception):
    """The annotation accepts every value, or no schema describes what it accepts."""


def accepted_schema(annotation: object, resolve: Callable[[str], object]) -> dict[str, Any] | None:
    """Describe the values that `convert` accepts for an annotation.

    Args:
        annotation: the annotation as `__annotations__` contains it; None for a parameter without one.
        resolve: as for `convert`.

    Returns:
        A JSON Schema that every accepted value follows; None if nothing can be stated.
    """
    if annotation is None:
        return None
    types: list[str] = []
    choices: list[Any] = []
    try:
        _collect(annotation, Scope(resolve), types, choices, 0)
    except (_OpenError, RecursionError):
        return None
    schemas = [{"type": name} for name in dict.fromkeys(types)]
    if choices:
        return {"anyOf": [{"enum": choices}, *schemas]} if schemas else {"enum": choices}
    if not schemas:
        return None
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _collect(annotation: Any, scope: Scope, types: list[str], choices: list[Any], depth: int) -> None:
    """Add what an annotation accepts: types, and single values."""
    annotation, scope = unwrap(annotation, scope)
    if is_class(annotation):
        _collect_class(annotation, types, choices)
    elif is_union(annotation):
        if depth == _MAX_MEMBERS or len(annotation.__args__) > _MAX_MEMBERS:
            raise _OpenError
        for member in annotation.__args__:
            _collect(member, scope, types, choices, depth + 1)
    elif special_form(annotation) == "Literal":
        for literal in annotation.__args__:
            _add_choice(getattr(literal, "value", literal), choices)
    elif is_class(origin := getattr(annotation, "__origin__", None)):
        _collect_class(origin, types, choices)
    else:
        raise _OpenError


def _collect_class(cls: Any, types: list[str], choices: list[Any]) -> None:
    if cls is object:
        raise _OpenError
    name = _JSON_TYPES.get(cls) or _CONVERTED.get(cls)
    if name is None and cls.__module__ == "collections.abc":
        name = _ABSTRACT.get(cls.__name__)
    if name is not None:
        types.append(name)
    elif hasattr(cls, "__required_keys__"):  # a TypedDict
        types.append("object")
    elif _may_accept_anything(cls):
        raise _OpenError
    elif _is_enum(cls):
        for value in (*(member.value for member in cls), *cls._value2member_map_):  # the latter holds aliases, too
            _add_choice(value, choices)
    elif hasattr(cls, "__dataclass_fields__"):
        types.append("object")
    elif issubclass(cls, tuple) and hasattr(cls, "_fields"):
        types += ("array", "object")
    else:
        raise _OpenError


def _may_accept_anything(cls: Any) -> bool:
    """Whether the class itself decides what it accepts, as models with validators do, or JSON values are instances."""
    if hasattr(cls, "__dagfloe_convert__") or hasattr(cls, "model_validate"):
        return True
    meta: Any = type(cls)
    if any("__instancecheck__" in vars(base) for base in meta.__mro__ if base not in (type, ABCMeta)):
        return True
    try:
        return any(issubclass(kind, cls) for kind in _JSON_TYPES)
    except Exception:  # noqa: BLE001 - the author's class may raise anything
        return True


def _is_enum(cls: type) -> bool:
    """Whether it is an enum that accepts exactly the values of its members."""
    enum = sys.modules.get("enum")
    if enum is None or not issubclass(cls, enum.Enum):
        return False
    own = [vars(base) for base in cls.__mro__ if base.__module__ != "enum"]
    meta: Any = type(cls)
    of_meta = [vars(base) for base in meta.__mro__ if base.__module__ != "enum" and base is not type]
    if any("_missing_" in names for names in own) or any("__call__" in names for names in of_meta):
        raise _OpenError
    if issubclass(cls, enum.Flag):
        raise _OpenError
    return True


def _add_choice(value: Any, choices: list[Any]) -> None:
    if type(value) not in (str, bool, int, float, type(None)):
        raise _OpenError
    if not any(type(choice) is type(value) and choice == value for choice in choices):
        choices.append(value)
