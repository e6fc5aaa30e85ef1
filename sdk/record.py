"""A read-only record with keyword arguments: what a frozen dataclass is, without the 5 ms that importing it costs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from typing_extensions import dataclass_transform
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
