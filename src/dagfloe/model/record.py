"""A read-only record with keyword arguments: what a frozen dataclass is, without the 5 ms that importing it costs.

A record is also how a part of a message is read: see `Record.read`.
"""

from __future__ import annotations

from dagfloe.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_: object) -> object:
        """Stand in for the type checkers' marker."""
        return lambda cls: cls


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """Base of the records: annotated names are the fields, class attributes their defaults.

    A subclass may name fields in `_hidden` that `repr` leaves out.
    """

    _fields: ClassVar[tuple[str, ...]]
    _hidden: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(name for name in cls.__annotations__ if not name.startswith("_"))

    @classmethod
    def read(cls, body: object, path: str, *required: str, **given: object) -> Self:
        """A record from a message, or from a part of one.

        Unknown fields are ignored, null is the default where there is one, and dates become aware datetimes.

        Args:
            body: the map.
            path: how to name the map in an error.
            required: fields that must be there although they have a default.
            given: fields that were read already.

        Raises:
            RemoteProtocolError: when it is no map, a field is missing, or it is of another type.
        """
        if not isinstance(body, dict):
            raise RemoteProtocolError(f"{path} is {_type_name(body)}, expected dict")
        values = dict(given)
        for name in cls._fields:
            if name in given:
                continue
            value = body.get(name)
            if value is None and hasattr(cls, name) and name not in required:
                continue
            values[name] = _read(value, str(cls.__annotations__[name]), f"{path}.{name}", is_there=name in body)
        return cls(**values)

    if not TYPE_CHECKING:

        def __init__(self, **values: object) -> None:
            for name in self._fields:
                if name in values:
                    self.__dict__[name] = values.pop(name)
                elif not hasattr(type(self), name):
                    raise TypeError(f"{type(self).__name__}() misses the argument {name!r}")
            if values:
                raise TypeError(f"{type(self).__name__}() does not know the argument {next(iter(values))!r}")

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
        shown = (name for name in self._fields if name not in self._hidden)
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


def _read(value: object, annotation: str, path: str, *, is_there: bool) -> Any:
    """A field's value, checked against its annotation."""
    expected = annotation.partition(" | ")[0].partition("[")[0]
    if expected == "datetime":
        return _read_date(value, path, is_there=is_there)
    kinds = _KINDS.get(expected)
    is_bool = isinstance(value, bool) and bool not in (kinds or ())
    if kinds is not None and (not isinstance(value, kinds) or is_bool):
        got = _type_name(value) if is_there else "nothing"
        raise RemoteProtocolError(f"{path} is {got}, expected {kinds[0].__name__}")
    if kinds is None and not is_there:
        raise RemoteProtocolError(f"{path} is nothing, expected {expected}")
    return tuple(value) if expected == "tuple" and isinstance(value, list) else value


def _read_date(value: object, path: str, *, is_there: bool) -> Any:
    from dagfloe.values.dates import to_datetime  # noqa: PLC0415 - it imports this package's errors only, but late is cheaper

    try:
        return to_datetime(value)
    except ValueError as error:
        raise RemoteProtocolError(f"{path} is {error if is_there else 'nothing, expected a date'}") from None


def _type_name(value: object) -> str:
    return type(value).__name__


_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (float, int),
    "Mapping": (dict,),
    "tuple": (list, tuple),
    "Sequence": (list, tuple),
}
