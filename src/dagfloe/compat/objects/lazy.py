"""Values of the context that need a request: they ask Airflow when they are first used."""

from __future__ import annotations

import operator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class LazyValue:
    """Stands for a value, computes it at its first use, and behaves like it, also for `isinstance`.

    As with Airflow's own lazy values, `is None` is false even if the value is None; use `== None`, or the truth value.

    Args:
        compute: returns the value.
    """

    __slots__ = ("_compute", "_values")

    def __init__(self, compute: Callable[[], Any]) -> None:
        self._compute = compute
        self._values: list[Any] = []

    def resolve(self) -> Any:
        """The value itself."""
        if not self._values:
            self._values.append(self._compute())
        return self._values[0]

    @property
    def __class__(self) -> Any:
        return type(self.resolve())

    @__class__.setter
    def __class__(self, value: Any) -> None:
        raise AttributeError("the class of a lazy value is that of its value")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.resolve(), name)

    def __str__(self) -> str:
        return str(self.resolve())

    def __repr__(self) -> str:
        return repr(self.resolve())

    def __format__(self, spec: str) -> str:
        return format(self.resolve(), spec)

    def __bool__(self) -> bool:
        return bool(self.resolve())

    def __hash__(self) -> int:
        return hash(self.resolve())

    def __eq__(self, other: object) -> bool:
        return bool(self.resolve() == resolve(other))

    def __lt__(self, other: object) -> bool:
        return bool(operator.lt(self.resolve(), resolve(other)))

    def __le__(self, other: object) -> bool:
        return bool(operator.le(self.resolve(), resolve(other)))

    def __gt__(self, other: object) -> bool:
        return bool(operator.gt(self.resolve(), resolve(other)))

    def __ge__(self, other: object) -> bool:
        return bool(operator.ge(self.resolve(), resolve(other)))

    def __add__(self, other: object) -> Any:
        return self.resolve() + resolve(other)

    def __radd__(self, other: object) -> Any:
        return resolve(other) + self.resolve()

    def __sub__(self, other: object) -> Any:
        return self.resolve() - resolve(other)

    def __rsub__(self, other: object) -> Any:
        return resolve(other) - self.resolve()


def resolve(value: object) -> Any:
    """The value itself, if it is lazy or not.

    Args:
        value: a `LazyValue`, or any other value.
    """
    return value.resolve() if type(value) is LazyValue else value
