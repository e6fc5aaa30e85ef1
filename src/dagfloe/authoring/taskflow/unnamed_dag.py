"""`@bundle.dag(...)` without a dag_id: the dag_id is the name of the decorated function."""

from __future__ import annotations

from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from dagfloe.authoring.dag import Dag


class UnnamedDag:
    """What `bundle.dag(...)` returns without a dag_id: a decorator that takes the dag_id from the function's name.

    Args:
        register: registers a Dag with a dag_id.
    """

    def __init__(self, register: Callable[[str], Dag]) -> None:
        self._register = register
        self._is_used = False

    def __call__(self, function: Callable[..., object]) -> Callable[..., Dag]:
        """Register a function as a Dag: see `Dag.__call__`."""
        self._is_used = True
        return self._register(_name_of(function))(function)

    def __enter__(self) -> NoReturn:
        raise self._misuse()

    def __exit__(self, *_: object) -> None:
        """Never called, but `with` looks it up before it calls `__enter__`."""

    if not TYPE_CHECKING:  # type checkers shall find unknown names

        def __getattr__(self, name: str) -> NoReturn:
            raise AttributeError(str(self._misuse()))

    def finish(self) -> None:
        """Check that it was used.

        Raises:
            RegistrationError: if it decorates no function.
        """
        if not self._is_used:
            raise self._misuse()

    def _misuse(self) -> RegistrationError:
        return RegistrationError(
            "bundle.dag() got no dag_id and decorates no function: pass a dag_id, or write it as a decorator, "
            "@bundle.dag(...), above a function"
        )


def _name_of(function: object) -> str:
    name = getattr(function, "__name__", None)
    if not callable(function) or not isinstance(name, str):
        raise RegistrationError(f"@bundle.dag() decorates {function!r}: write it above a function defined with `def`")
    return name
