"""Annotations: resolves their strings, unwraps them, and describes them in errors.

Pure. Reads annotations by their attributes, so that a task whose annotations do not use `typing` does not import it.
"""

from __future__ import annotations

import sys

from dagfloe.values.jsonable import type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

#: The maximum number of steps to unwrap an annotation: an annotation may refer to itself.
_MAX_STEPS = 100
_QUALIFIERS = ("Required", "NotRequired", "ReadOnly")


class Mismatch(Exception):
    """A value does not fit its annotation. The error contains only types, because the value may be a secret.

    Attributes:
        path: the path of the misfit inside the value, such as `$[2].price`.
        expected: the expected type there, such as `list[int]`.
        actual: the actual type, such as `str`.
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
        """The error for a value that has the wrong type as a whole."""
        return cls(describe(annotation), "None" if value is None else type_name(value))


class Scope:
    """The names that the strings in annotations may use, in one function or class."""

    __slots__ = ("_resolve", "_resolved")

    def __init__(self, resolve: Callable[[str], object]) -> None:
        self._resolve = resolve
        self._resolved: dict[str, object] = {}

    def resolve(self, source: str) -> object:
        """The annotation that a string stands for; `object`, which every value fits, if that is unknown."""
        if source not in self._resolved:
            try:
                self._resolved[source] = self._resolve(source)
            except RecursionError:
                raise
            except Exception:  # noqa: BLE001 - evaluating an annotation may raise anything
                self._resolved[source] = object
        return self._resolved[source]


def scope_of_module(name: str | None, names: Mapping[str, object] | None = None) -> Scope:
    """The scope of a module, and of further names, such as those of a class."""

    def resolve(source: str) -> object:
        return eval(source, dict(names or {}), vars(sys.modules[name or ""]))  # noqa: S307 - the author's own source

    return Scope(resolve)


def fields_of(cls: type) -> dict[str, tuple[object, Scope]]:
    """The annotated names of a class and its bases, with their annotations and scopes."""
    fields = {}
    for base in reversed(cls.__mro__):
        annotations = _annotations(base)
        if annotations:
            scope = scope_of_module(base.__module__, base.__dict__)
            fields.update({name: (annotation, scope) for name, annotation in annotations.items()})
    return fields


def _annotations(cls: type) -> Mapping[str, object]:
    if sys.version_info >= (3, 14):  # reading __annotations__ there fails for names that only type checkers import
        from annotationlib import Format, get_annotations  # noqa: PLC0415

        return get_annotations(cls, format=Format.FORWARDREF)
    annotations: Mapping[str, object] = cls.__dict__.get("__annotations__", {})  # noqa: RUF063 - inspect takes 5 ms to import
    return annotations


def unwrap(annotation: Any, scope: Scope, qualifiers: list[str] | None = None) -> tuple[Any, Scope]:
    """Unwrap an annotation: resolve strings and aliases, and remove `Annotated` and `NewType`.

    Args:
        annotation: the annotation.
        scope: the scope of its strings.
        qualifiers: a list to which the removed `Required`, `NotRequired` and `ReadOnly` are added.

    Returns:
        A class, a union, a parametrised class or a special form; and the scope of its strings.
    """
    for _ in range(_MAX_STEPS):
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
    """The annotation after one step of unwrapping; the same annotation if it is unwrapped."""
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
        return origin, scope  # the type variables of a generic alias stay unresolved
    return getattr(annotation, "__supertype__", annotation), scope


def _value_of(alias: Any) -> object:
    try:
        value: object = alias.__value__
    except RecursionError:
        raise
    except Exception:  # noqa: BLE001 - evaluates the author's source
        return object
    return value


def is_class(annotation: object) -> bool:
    """Whether an annotation is a class. `list[int]` is not, though `isinstance` claims it."""
    return issubclass(type(annotation), type)


def is_union(annotation: object) -> bool:
    """Whether an annotation is `X | Y`, `Union[X, Y]` or `Optional[X]`."""
    return type(annotation).__name__ in ("UnionType", "_UnionGenericAlias", "Union")


def special_form(annotation: object) -> str | None:
    """The name of an annotation's special form, such as `Literal`."""
    name = getattr(getattr(annotation, "__origin__", None), "_name", None)
    return name if isinstance(name, str) else None


def describe(annotation: Any) -> str:
    """An annotation as an author writes it: `list[int]`, `int | None`, `Point`."""
    if annotation is None or annotation is type(None):
        return "None"
    if isinstance(annotation, str):
        return annotation
    if is_class(annotation):
        return str(annotation.__name__)
    if isinstance(annotation, (list, tuple)):  # the parameters of Callable, the empty tuple of Python 3.10
        return f"[{_describe_all(annotation)}]" if annotation else "()"
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
    return f"{form or describe(origin)}[{_describe_all(annotation.__args__) or '()'}]"


def _describe_all(annotations: Iterable[Any]) -> str:
    return ", ".join(map(describe, annotations))
