"""A read-only record with keyword arguments: like a frozen dataclass, but without the 5 ms to import dataclasses.

`Record.read` creates a record from a part of a message.
"""

from __future__ import annotations

from dagfloe.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_: object) -> object:
        """Replace the marker for type checkers."""
        return lambda cls: cls


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """Base of the records. Annotated names are the fields; class attributes are their defaults.

    `repr` leaves out the fields that a subclass lists in `_hidden`.
    """

    _fields: ClassVar[tuple[str, ...]]
    _hidden: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(name for name in cls.__annotations__ if not name.startswith("_"))

    @classmethod
    def read(cls, body: object, path: str, *required: str, **fields: object) -> Self:
        """Create a record from a message, or from a part of one.

        Unknown fields are ignored, null becomes the default if the field has one, and dates become aware datetimes.

        Args:
            body: the message, or the part of it.
            path: the path of `body` in the message, for errors.
            required: fields that the body must contain although they have a default.
            fields: the values of fields that are not read from the body.

        Raises:
            RemoteProtocolError: if the body is not a dict, or a field is missing or has another type.
        """
        if not isinstance(body, dict):
            raise RemoteProtocolError(f"{path} is {type(body).__name__}, expected dict")
        values = dict(fields)
        for name in cls._fields:
            if name in fields:
                continue
            value = body.get(name)
            if value is None and hasattr(cls, name) and name not in required:
                continue
            values[name] = _read(value, str(cls.__annotations__[name]), f"{path}.{name}", is_present=name in body)
        return cls(**values)

    if not TYPE_CHECKING:

        def __init__(self, **values: object) -> None:
            for name in self._fields:
                if name in values:
                    self.__dict__[name] = values.pop(name)
                elif not hasattr(type(self), name):
                    raise TypeError(f"{type(self).__name__}() needs the argument {name!r}")
            if values:
                raise TypeError(f"{type(self).__name__}() has no field {next(iter(values))!r}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} is read-only")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} is read-only")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._fields)

    def __hash__(self) -> int:
        return hash((type(self), *(repr(getattr(self, name)) for name in self._fields)))

    def __repr__(self) -> str:
        names = (name for name in self._fields if name not in self._hidden)
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"


def _read(value: object, annotation: str, path: str, *, is_present: bool) -> Any:
    """Check a field's value against its annotation."""
    expected = annotation.partition(" | ")[0].partition("[")[0]
    if expected == "datetime":
        return _read_date(value, path, is_present=is_present)
    types = _TYPES.get(expected)
    is_bool = isinstance(value, bool) and bool not in (types or ())
    if types is not None and (not isinstance(value, types) or is_bool):
        got = type(value).__name__ if is_present else "nothing"
        raise RemoteProtocolError(f"{path} is {got}, expected {types[0].__name__}")
    if types is None and not is_present:
        raise RemoteProtocolError(f"{path} is nothing, expected {expected}")
    return tuple(value) if expected == "tuple" and isinstance(value, list) else value


def _read_date(value: object, path: str, *, is_present: bool) -> Any:
    from dagfloe.values.dates import to_datetime  # noqa: PLC0415 - not all records have dates

    try:
        return to_datetime(value)
    except ValueError as error:
        raise RemoteProtocolError(f"{path} is {error if is_present else 'nothing, expected a date'}") from None


_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (float, int),
    "Mapping": (dict,),
    "tuple": (list, tuple),
    "Sequence": (list, tuple),
}
