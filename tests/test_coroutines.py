"""The functions whose call makes a coroutine."""

from __future__ import annotations

import functools
import threading
from typing import Any

import pytest

from dagfloe.coroutines import is_asynchronous


async def asynchronous() -> None:
    """Do nothing."""


class Asynchronous:
    """Can be called."""

    async def __call__(self) -> None:
        """Do nothing."""


class Ordinary:
    """Can be called."""

    def __call__(self) -> None:
        """Do nothing."""


def wrap(function: Any) -> Any:
    """Wrap a function."""

    @functools.wraps(function)
    def wrapped() -> None:
        """Do nothing."""

    return wrapped


_ASYNCHRONOUS = (asynchronous, Asynchronous(), wrap(asynchronous), functools.partial(asynchronous))
_BUILT_IN: tuple[Any, ...] = (print, [].append, threading.Lock().release, functools.partial(print), dict)
_ORDINARY = (wrap, Ordinary(), wrap(Ordinary()), *_BUILT_IN)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("function", _ASYNCHRONOUS)
def test_asynchronous(function: Any) -> None:
    """It sees through wrappers and objects."""
    assert is_asynchronous(function)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "function",
    _ORDINARY,
)
def test_ordinary(function: Any) -> None:
    """It comes to an end for built-in functions, whose attribute `__call__` has one of its own, and so on."""
    assert not is_asynchronous(function)
