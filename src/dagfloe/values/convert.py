"""Converts a value from JSON to the type of a parameter's annotation.

Pure; knows no tasks and no frames. `hints` reads annotations, and `typed_classes` converts to classes with fields.
"""

from __future__ import annotations

from dagfloe.values.hints import Mismatch, Scope, describe, is_class, is_union, special_form, unwrap
from dagfloe.values.jsonable import ForeignValue, path_step, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    _Args = tuple[Any, ...] | None

#: A value whose class is exactly one of these needs no conversion.
_PLAIN = (str, int, bool, float, type(None))
#: The concrete classes for the abstract classes of `collections.abc`.
_CONCRETE: dict[str, type] = {
    "Sequence": list,
    "MutableSequence": list,
    "Collection": list,
    "Iterable": list,
    "Set": set,
    "MutableSet": set,
    "Mapping": dict,
    "MutableMapping": dict,
}


def convert(value: object, annotation: object, resolve: Callable[[str], object]) -> object:
    """Convert a value to an annotated type: for example, a list to a tuple or a set, a dict to a dataclass.

    Open annotations (`Any`, a type variable, a name that is unknown at run time) accept every value.

    Args:
        value: the value. If its class has `is_lazy_sequence = True`, it is read as a whole for a list, tuple or set,
            and passed unread for `Sequence`, `Collection` and `Iterable`.
        annotation: the annotation as `__annotations__` contains it, a str or an object.
        resolve: resolves the string of an annotation where the function is defined; may raise anything.

    Raises:
        Mismatch: if the value does not fit.
    """
    if type(value) is annotation and type(value) in _PLAIN:
        return value
    try:
        return Checker().check(value, annotation, Scope(resolve))
    except RecursionError:
        pass
    raise Mismatch(describe(annotation), "a value that is nested too deeply")


class Checker:
    """The conversion of one value. It caches facts about classes and lazy sequences.

    Attributes:
        exact: whether an int does not fit a float. This is so while the members of a union are tried the first time.
        plans: the fields of classes, for `typed_classes`.
    """

    def __init__(self) -> None:
        self.exact = False
        self.plans: dict[type, Any] = {}
        self._lists: dict[int, Any] = {}

    def check(self, value: Any, annotation: Any, scope: Scope) -> Any:
        """Convert a value.

        Raises:
            Mismatch: if it does not fit.
        """
        annotation, scope = unwrap(annotation, scope)
        if type(value) is ForeignValue:
            return self._check_foreign(value, annotation, scope)
        if is_class(annotation):
            return self._check_class(value, annotation, annotation, None, scope)
        if is_union(annotation):
            return self._check_union(value, annotation, scope)
        if special_form(annotation) == "Literal":
            return _check_literal(value, annotation)
        origin = getattr(annotation, "__origin__", None)
        if origin is not None and is_class(origin):
            return self._check_class(value, annotation, origin, getattr(annotation, "__args__", None), scope)
        return value

    def check_part(self, step: str, value: Any, annotation: Any, scope: Scope) -> Any:
        """Convert a part of a value, to which the step leads."""
        try:
            return self.check(value, annotation, scope)
        except Mismatch as mismatch:
            mismatch.path = f"${step}{mismatch.path[1:]}"
            raise

    def whole(self, value: Any) -> Any:
        """The value itself; for a lazy sequence, the list of its values, read once."""
        if not _is_lazy(value):
            return value
        if id(value) not in self._lists:
            self._lists[id(value)] = value[:]
        return self._lists[id(value)]

    def _check_foreign(self, value: ForeignValue, annotation: Any, scope: Scope) -> Any:
        """Convert the data of a value of a class that only the other task has, if the annotation says to what."""
        origin = annotation if is_class(annotation) else getattr(annotation, "__origin__", annotation)
        if annotation is object or not (is_class(origin) or is_union(annotation)):
            return value  # the annotation is open
        if not value.is_readable:
            raise Mismatch(describe(annotation), value.name)
        try:
            return self.check(value.data, annotation, scope)
        except Mismatch as mismatch:
            if mismatch.path == "$":
                mismatch.actual = f"{value.name} ({mismatch.actual})"
            raise

    def _check_union(self, value: Any, annotation: Any, scope: Scope) -> Any:
        if not self.exact:
            self.exact = True
            try:
                return self._check_members(value, annotation, scope)
            except Mismatch:
                pass
            finally:
                self.exact = False
        return self._check_members(value, annotation, scope)

    def _check_members(self, value: Any, annotation: Any, scope: Scope) -> Any:
        part_mismatches = []
        for member in annotation.__args__:
            try:
                return self.check(value, member, scope)
            except Mismatch as mismatch:
                if mismatch.path != "$":
                    part_mismatches.append(mismatch)
        # If only one member has the type of the value itself, its mismatch is the helpful one.
        raise part_mismatches[0] if len(part_mismatches) == 1 else Mismatch.of(annotation, value)

    def _check_class(self, value: Any, annotation: Any, cls: type, args: _Args, scope: Scope) -> Any:
        if cls is object:
            return value
        if cls is int or cls is float:
            return _check_number(value, cls, exact=self.exact)
        if cls in _PLAIN:
            if isinstance(value, cls):
                return value
            raise Mismatch.of(cls, value)
        target = _CONCRETE.get(cls.__name__, cls) if cls.__module__ == "collections.abc" else cls
        if target is dict:
            return self._check_dict(value, annotation, args, scope)
        if target is tuple:
            return self._check_tuple(value, annotation, args, scope)
        if target is list or target is set or target is frozenset:
            return self._check_list(value, annotation, cls, args, scope)
        from dagfloe.values.typed_classes import check_typed  # noqa: PLC0415 - few annotations need it

        return check_typed(self, value, cls)

    def _check_dict(self, value: Any, annotation: Any, args: _Args, scope: Scope) -> Any:
        if not isinstance(value, dict):
            raise Mismatch.of(annotation, value)
        if not args:
            return value
        result = {}
        for key, child in value.items():
            try:
                new_key = self.check(key, args[0], scope)
            except Mismatch as mismatch:
                mismatch.path = f"${path_step(key)}"
                mismatch.expected += " as its key"
                raise
            result[new_key] = self.check_part(path_step(key), child, args[1], scope)
        return result

    def _check_list(self, value: Any, annotation: Any, cls: type, args: _Args, scope: Scope) -> Any:
        """Convert to a list, a set, or an abstract class of these."""
        if _is_lazy(value):
            if cls.__module__ == "collections.abc" and isinstance(value, cls):
                return value
            value = self.whole(value)
        target = next((cls_ for cls_ in (list, tuple, set, frozenset) if isinstance(value, cls_)), None)
        if target is list or (target is tuple and not isinstance(value, cls)):  # Airflow's tasks may push a tuple
            target = next((cls_ for cls_ in (list, set, frozenset) if issubclass(cls_, cls)), list)
        elif not isinstance(value, cls) or isinstance(value, (str, bytes, dict)):
            raise Mismatch.of(annotation, value)
        if target is None:
            return value
        items = self._check_items(value, args[0], scope) if args else value
        try:
            return items if type(items) is target else target(items)
        except TypeError:
            pass
        raise Mismatch(describe(annotation), "a list of unhashable items")

    def _check_tuple(self, value: Any, annotation: Any, args: _Args, scope: Scope) -> Any:
        value = self.whole(value)
        if not isinstance(value, (list, tuple)):
            raise Mismatch.of(annotation, value)
        if args is None or any(_is_unpacked(arg) for arg in args):
            return tuple(value)
        if len(args) == 2 and args[1] is ...:
            return tuple(self._check_items(value, args[0], scope))
        members = () if args == ((),) else args  # the empty tuple in Python 3.10
        if len(value) != len(members):
            raise Mismatch(describe(annotation), f"{type_name(value)} of length {len(value)}")
        parts = enumerate(zip(value, members, strict=True))
        return tuple(self.check_part(f"[{index}]", item, member, scope) for index, (item, member) in parts)

    def _check_items(self, values: Any, annotation: Any, scope: Scope) -> list[Any]:
        annotation, scope = unwrap(annotation, scope)
        plain = annotation if annotation in _PLAIN else None
        return [
            item if type(item) is plain else self.check_part(f"[{index}]", item, annotation, scope)
            for index, item in enumerate(values)
        ]


def _check_number(value: Any, cls: type, *, exact: bool) -> Any:
    if isinstance(value, cls) and not isinstance(value, bool):
        return value
    if cls is float and not exact and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            pass
    raise Mismatch.of(cls, value)


def _check_literal(value: Any, annotation: Any) -> Any:
    for literal in annotation.__args__:
        for choice in (literal, getattr(literal, "value", literal)):  # JSON has an enum member's value
            if type(choice) is type(value) and choice == value:
                return literal
    raise Mismatch.of(annotation, value)


def _is_lazy(value: object) -> bool:
    return getattr(type(value), "is_lazy_sequence", False) is True


def _is_unpacked(annotation: object) -> bool:
    """Whether it is `*tuple[int, ...]` or `Unpack[...]` inside a tuple."""
    return getattr(annotation, "__unpacked__", False) is True or special_form(annotation) == "Unpack"
