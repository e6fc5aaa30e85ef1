"""Conversion to classes: enums, dataclasses, `TypedDict`, named tuples, models that validate, and other classes.

Pure. Creates an instance from a list or a dict if the class declares fields. For other classes it only checks.
"""

from __future__ import annotations

import sys

from dagfloe.values.hints import Mismatch, describe, fields_of, scope_of_module, unwrap
from dagfloe.values.jsonable import path_step, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Protocol

    from dagfloe.values.hints import Scope

    class Checker(Protocol):
        """The conversion that calls this module, as far as the module needs it."""

        plans: dict[type, dict[str, _Field]]

        def whole(self, value: Any) -> Any:
            """The value itself; for a lazy sequence, the list of its values."""
            ...

        def check_part(self, step: str, value: Any, annotation: Any, scope: Scope) -> Any:
            """Convert a part of a value, to which the step leads."""
            ...


class _Field:
    """A field of a class: its annotation, the scope of its strings, whether it needs a value, or computes its own."""

    __slots__ = ("annotation", "is_computed", "required", "scope")

    def __init__(self, annotation: object, scope: Scope, *, required: bool, is_computed: bool = False) -> None:
        self.annotation = annotation
        self.scope = scope
        self.required = required
        self.is_computed = is_computed


def check_typed(checker: Checker, value: Any, cls: Any) -> Any:  # noqa: C901, PLR0912 - one case per kind of class
    """Convert a value to an instance of a class that JSON does not have.

    Raises:
        Mismatch: if it does not fit.
    """
    if hasattr(cls, "__required_keys__"):  # a TypedDict, which `isinstance` refuses
        return _check_fields(checker, value, cls)
    try:
        if isinstance(value, cls):
            return value
    except RecursionError:
        raise
    except Exception:  # noqa: BLE001 - such as a protocol without runtime_checkable
        return value
    if hasattr(cls, "__dagfloe_convert__"):  # for dagfloe's own classes, whose errors are more precise
        return cls.__dagfloe_convert__(value)
    if _is_subclass(cls, "enum", "Enum"):
        return _check_enum(value, cls)
    value = checker.whole(value) if hasattr(cls, "model_validate") or hasattr(cls, "_fields") else value
    if hasattr(cls, "model_validate"):
        return _check_model(value, cls)
    if hasattr(cls, "__dataclass_fields__"):
        return _build(cls, (), _check_fields(checker, value, cls))
    if hasattr(cls, "__attrs_attrs__"):
        aliases = {field.name: field.alias for field in cls.__attrs_attrs__}
        return _build(cls, (), {aliases[name]: child for name, child in _check_fields(checker, value, cls).items()})
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        if isinstance(value, (list, tuple)):
            return _build(cls, _check_positions(checker, value, cls), {})
        return _build(cls, (), _check_fields(checker, value, cls))
    if cls is bytes and isinstance(value, str):
        return _to_bytes(value)
    if cls.__module__ == "numpy":
        return _to_scalar(value, cls)
    raise Mismatch.of(cls, value)


def _to_bytes(value: str) -> bytes:
    """Bytes from base64, as `serde` encodes them."""
    import base64  # noqa: PLC0415 - few parameters are bytes

    try:
        return base64.b64decode(value, validate=True)
    except ValueError:  # its message may show the value
        pass
    raise Mismatch("bytes", "a str that is not base64")


def _to_scalar(value: Any, cls: Any) -> Any:
    """A scalar of numpy from the number as `serde` encodes it."""
    names = {f"{base.__module__}.{base.__name__}" for base in cls.__mro__}
    kinds = {"numpy.bool": (bool,), "numpy.bool_": (bool,), "numpy.integer": (int,), "numpy.floating": (float, int)}
    accepted = next((kinds[name] for name in kinds if name in names), ())
    if type(value) in accepted:
        try:
            scalar = cls(value)
            if type(value) is float or scalar.item() == value:
                return scalar
        except (OverflowError, ValueError):
            pass
        raise Mismatch(cls.__name__, f"{type_name(value)} outside its range")
    raise Mismatch.of(cls, value)


def _is_subclass(cls: type, module: str, name: str) -> bool:
    base = getattr(sys.modules.get(module), name, None)  # a module that is not loaded has no subclasses
    return base is not None and issubclass(cls, base)


def _check_enum(value: Any, cls: Any) -> Any:
    try:
        member = cls(value)
    except Exception:  # noqa: BLE001 - the lookup may run the author's code
        member = None
    # True and 1.0 equal 1, and would select the member with the value 1.
    is_member = isinstance(member, cls) and not (
        isinstance(value, (bool, float))
        and type(member.value) in (bool, int, float)
        and type(member.value) is not type(value)
    )
    if not is_member:
        raise Mismatch.of(cls, value)
    return member


def _check_model(value: Any, cls: Any) -> Any:
    try:
        return cls.model_validate(value)
    except Exception as error:  # noqa: BLE001 - validators are the author's code; the message shows the value
        path, reason = _first_error(error, value)
    from dagfloe.values.foreign import plain_data  # noqa: PLC0415 - few values are refused

    try:
        # An instance that was sent has the names of its fields instead of aliases. Fields may be foreign values.
        return cls.model_validate(plain_data(value), by_name=True)
    except Exception:  # noqa: BLE001, S110 - as above, or an older pydantic without the option
        pass
    raise Mismatch(cls.__name__, f"a value that it rejects ({reason})", path)


def _first_error(error: Any, value: Any) -> tuple[str, str]:
    """The path and the type of a model's first error."""
    path = "$"
    try:
        first = error.errors()[0]
        for step in first["loc"]:
            if isinstance(value, dict) and isinstance(step, str):
                path, value = path + path_step(step), value.get(step)
            elif isinstance(value, list) and isinstance(step, int):
                path, value = f"{path}[{step}]", value[step]
            else:  # the rest of the location consists of the model's own names
                break
        return path, str(first["type"])
    except Exception:  # noqa: BLE001 - another error, or another kind of model
        return path, type(error).__name__


def _check_fields(checker: Checker, value: Any, cls: Any) -> dict[str, Any]:
    """Convert the values of a dict to the fields of a class."""
    if not isinstance(value, dict):
        raise Mismatch.of(cls, value)
    plan = _plan_of(checker, cls)
    for key in value:
        if key not in plan:
            raise Mismatch(f"a field of {cls.__name__}", "an unknown key", f"${path_step(key)}")
    for name, field in plan.items():
        if field.required and name not in value:
            raise Mismatch(describe(unwrap(field.annotation, field.scope)[0]), "nothing", f"${path_step(name)}")
    return {
        name: checker.check_part(path_step(name), child, plan[name].annotation, plan[name].scope)
        for name, child in value.items()
        if not plan[name].is_computed
    }


def _check_positions(checker: Checker, values: Any, cls: Any) -> list[Any]:
    """Convert the items of a list to the fields of a class."""
    fields = list(_plan_of(checker, cls).values())
    if not sum(field.required for field in fields) <= len(values) <= len(fields):
        raise Mismatch(cls.__name__, f"{type_name(values)} of length {len(values)}")
    return [
        checker.check_part(f"[{index}]", child, field.annotation, field.scope)
        for index, (child, field) in enumerate(zip(values, fields, strict=False))
    ]


def _build(cls: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    try:
        return cls(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - the author's code; the message may show the value
        reason = type(error).__name__
    raise Mismatch(cls.__name__, f"a value that it rejects ({reason})")


def _plan_of(checker: Checker, cls: Any) -> dict[str, _Field]:
    if cls not in checker.plans:
        checker.plans[cls] = dict(_plan(cls))
    return checker.plans[cls]


def _plan(cls: Any) -> Iterator[tuple[str, _Field]]:
    annotated = fields_of(cls)
    if hasattr(cls, "__dataclass_fields__"):
        from dataclasses import MISSING, fields  # noqa: PLC0415 - the author has imported it

        for field in fields(cls):
            annotation, scope = annotated.get(field.name) or (field.type, scope_of_module(cls.__module__))
            required = field.init and field.default is MISSING and field.default_factory is MISSING
            yield field.name, _Field(annotation, scope, required=required, is_computed=not field.init)
    elif hasattr(cls, "__attrs_attrs__"):
        for field in cls.__attrs_attrs__:
            annotation, scope = annotated.get(field.name) or (field.type or object, scope_of_module(cls.__module__))
            required = field.init and type(field.default).__name__ == "_Nothing"
            yield field.name, _Field(annotation, scope, required=required, is_computed=not field.init)
    elif hasattr(cls, "__required_keys__"):
        for name, (annotation, scope) in annotated.items():
            # __required_keys__ ignores the qualifiers inside annotations that are strings.
            qualifiers: list[str] = []
            unwrap(annotation, scope, qualifiers)
            required = "NotRequired" not in qualifiers and (name in cls.__required_keys__ or "Required" in qualifiers)
            yield name, _Field(annotation, scope, required=required)
    else:
        for name in cls._fields:
            annotation, scope = annotated.get(name) or (object, scope_of_module(cls.__module__))
            yield name, _Field(annotation, scope, required=name not in cls._field_defaults)
