"""What an annotation says: what its texts mean, what is inside its wrappers, and how to name it to a person.

Pure; knows nothing of values. Reads annotations by their attributes: a task whose annotations do not use `typing` does
not import it.
"""

from __future__ import annotations

import sys

from dagfloe.values.jsonable import type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

#: How often an annotation may lead to another one: one that names itself would do so forever.
_MAX_HOPS = 100
_QUALIFIERS = ("Required", "NotRequired", "ReadOnly")


class Mismatch(Exception):
    """A value that does not fit its annotation. Holds types only: the value may be a secret.

    Attributes:
        path: where in the value, such as `$[2].price`.
        expected: what the annotation asks for there, such as `list[int]`.
        actual: what is there, such as `str`.
    """

    def __init__(self, expected: str, actual: str, path: str = "$") -> None:
        super().__init__(expected, actual, path)
        self.expected = expected
        self.actual = actual
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, got {self.actual}"

    @classmethod
    def of(cls, annotation: object, value: object) -> Mismatch:
        """For a value that is of the wrong type as a whole."""
        return cls(describe(annotation), "None" if value is None else type_name(value))


class Scope:
    """What the texts of annotations mean in one place."""

    __slots__ = ("_known", "_resolve")

    def __init__(self, resolve: Callable[[str], object]) -> None:
        self._resolve = resolve
        self._known: dict[str, object] = {}

    def resolve(self, text: str) -> object:
        """The annotation that a text means; `object`, which everything fits, when that cannot be known."""
        if text not in self._known:
            try:
                self._known[text] = self._resolve(text)
            except RecursionError:
                raise
            except Exception:  # noqa: BLE001 - evaluating an annotation may raise anything
                self._known[text] = object
        return self._known[text]


def scope_of_module(name: str | None, names: Mapping[str, object] | None = None) -> Scope:
    """What texts mean in a module, and where it does not know them, among some names, such as those of a class."""

    def resolve(text: str) -> object:
        return eval(text, dict(names or {}), vars(sys.modules[name or ""]))  # noqa: S307 - the author's own source

    return Scope(resolve)


def fields_of(cls: type) -> dict[str, tuple[object, Scope]]:
    """The annotated names of a class and its bases, each with its annotation and what texts mean there."""
    fields = {}
    for base in reversed(cls.__mro__):
        annotations = _annotations(base)
        if annotations:
            scope = scope_of_module(base.__module__, base.__dict__)
            fields.update({name: (annotation, scope) for name, annotation in annotations.items()})
    return fields


def _annotations(cls: type) -> Mapping[str, object]:
    if sys.version_info >= (3, 14):  # there, reading __annotations__ fails where a name is imported for checkers only
        from annotationlib import Format, get_annotations  # noqa: PLC0415

        return get_annotations(cls, format=Format.FORWARDREF)
    found: Mapping[str, object] = cls.__dict__.get("__annotations__", {})  # noqa: RUF063 - inspect takes 5 ms to import
    return found


def unwrap(annotation: Any, scope: Scope, qualifiers: list[str] | None = None) -> tuple[Any, Scope]:
    """What an annotation amounts to: texts resolved, aliases followed, `Annotated` and `NewType` taken off.

    Args:
        annotation: the annotation.
        scope: what texts in it mean.
        qualifiers: gets each `Required`, `NotRequired` and `ReadOnly` that was taken off.

    Returns:
        A class, a union, a parametrised class or a special form; and what texts inside of it mean.
    """
    for _ in range(_MAX_HOPS):
        if is_class(annotation):
            return annotation, scope
        if annotation is None:
            return type(None), scope
        if special_form(annotation) in _QUALIFIERS:
            if qualifiers is not None:
                qualifiers.append(str(special_form(annotation)))
            annotation = annotation.__args__[0]
            continue
        inner, inner_scope = _inner(annotation, scope)
        if inner is annotation:
            return annotation, scope
        annotation, scope = inner, inner_scope
    return object, scope


def _inner(annotation: Any, scope: Scope) -> tuple[Any, Scope]:
    """What an annotation leads to, or itself."""
    if isinstance(annotation, str):
        return scope.resolve(annotation), scope
    if hasattr(annotation, "__forward_arg__"):
        module = getattr(annotation, "__forward_module__", None)
        if module is not None:
            scope = scope_of_module(getattr(module, "__name__", module))
        return annotation.__forward_arg__, scope
    if type(annotation).__name__ == "TypeAliasType":
        return _value_of(annotation), scope_of_module(annotation.__module__)
    origin = getattr(annotation, "__origin__", None)
    if hasattr(annotation, "__metadata__") or type(origin).__name__ == "TypeAliasType":
        return origin, scope  # the type variables of a generic alias stay open
    return getattr(annotation, "__supertype__", annotation), scope


def _value_of(alias: Any) -> object:
    try:
        value: object = alias.__value__
    except RecursionError:
        raise
    except Exception:  # noqa: BLE001 - evaluates what the author wrote
        return object
    return value


def is_class(annotation: object) -> bool:
    """Whether an annotation is a class itself: `list[int]` is none, though `isinstance` says so."""
    return issubclass(type(annotation), type)


def is_union(annotation: object) -> bool:
    """Whether an annotation is `X | Y`, `Union[X, Y]` or `Optional[X]`."""
    return type(annotation).__name__ in ("UnionType", "_UnionGenericAlias", "Union")


def special_form(annotation: object) -> str | None:
    """The name of the special form that an annotation is made of, such as `Literal`."""
    name = getattr(getattr(annotation, "__origin__", None), "_name", None)
    return name if isinstance(name, str) else None


def describe(annotation: Any) -> str:
    """An annotation as a person writes it: `list[int]`, `int | None`, `Point`."""
    if annotation is None or annotation is type(None):
        return "None"
    if isinstance(annotation, str):
        return annotation
    if is_class(annotation):
        return str(annotation.__name__)
    if isinstance(annotation, (list, tuple)):  # the parameters of Callable, the empty tuple of Python 3.10
        return f"[{_listed(annotation)}]" if annotation else "()"
    if is_union(annotation):
        return " | ".join(map(describe, annotation.__args__))
    form, origin = special_form(annotation), getattr(annotation, "__origin__", None)
    if form == "Literal":
        return f"Literal[{', '.join(map(repr, annotation.__args__))}]"
    if origin is None:
        name = getattr(annotation, "__forward_arg__", None) or getattr(annotation, "__name__", None)
        return "..." if annotation is ... else str(name or repr(annotation))
    if hasattr(annotation, "__metadata__") or not hasattr(annotation, "__args__"):
        return describe(origin)
    return f"{form or describe(origin)}[{_listed(annotation.__args__) or '()'}]"


def _listed(annotations: Iterable[Any]) -> str:
    return ", ".join(map(describe, annotations))
