"""A request to stop that a supervisor can wait for together with its sockets."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self


class Stop:
    """Set it from any thread, or from a signal handler. Use it as a `with` block, or close it."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._is_set = False
        self._on_set: list[Callable[[], object]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_set(self) -> bool:
        """Whether it was set."""
        return self._is_set

    def set(self) -> None:
        """Ask for the stop. It cannot be taken back."""
        self._is_set = True
        for callback in self._on_set:
            callback()
        with suppress(OSError):  # full or closed: either way there is nobody to wake
            self._writer.send(b"!")

    def call(self, callback: Callable[[], object]) -> None:
        """Call something when it is set, in whatever thread or signal handler that happens."""
        self._on_set.append(callback)

    def fileno(self) -> int:
        """A descriptor that becomes, and stays, readable when it is set."""
        return self._reader.fileno()

    def close(self) -> None:
        """Give the descriptors back."""
        self._reader.close()
        self._writer.close()
