"""A stop request that a selector can wait for, together with sockets."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self


class Stop:
    """A stop request. Set it from any thread or signal handler. Use it as a `with` block, or close it."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._is_set = False
        self._callbacks: list[Callable[[], object]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_set(self) -> bool:
        """Whether the stop is requested."""
        return self._is_set

    def set(self) -> None:
        """Request the stop. You cannot undo this."""
        self._is_set = True
        for callback in self._callbacks:
            callback()
        with suppress(OSError):  # full or closed: nobody waits
            self._writer.send(b"!")

    def add_callback(self, callback: Callable[[], object]) -> None:
        """Call a function when the stop is set, in the thread or signal handler that sets it."""
        self._callbacks.append(callback)

    def add_part(self) -> Stop:
        """Return another stop request, which this one sets, too. It may be set without this one."""
        part = Stop()
        self.add_callback(part.set)
        if self._is_set:
            part.set()
        return part

    def fileno(self) -> int:
        """Return a descriptor that is readable once the stop is set."""
        return self._reader.fileno()

    def close(self) -> None:
        """Close the descriptors."""
        self._reader.close()
        self._writer.close()
