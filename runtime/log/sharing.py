"""The lock with which several processes take turns at the logs socket, each for one whole line.

A POSIX record lock belongs to a process, and the kernel frees it when the process dies. The lock is on a file in memory
(memfd), which the processes also map: its first byte is not 0 while a line is half written, so that the next process
can end a line that a killed one has left. Its second byte changes with every write, so that a waiting process sees
whether the one that holds the lock makes progress.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from contextlib import suppress

from dagfloe.runtime.descriptors import move_up

_SIZE = mmap.PAGESIZE


class Sharing:
    """The lock. Nothing here waits.

    Args:
        descriptor: the file, of one page.

    Attributes:
        descriptor: as above.
        is_held: whether this process holds the lock.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.is_held = False
        self._marks = mmap.mmap(descriptor, _SIZE)
        self._inode = os.fstat(descriptor).st_ino
        self._last_move = 0

    @classmethod
    def create(cls) -> Sharing:
        """Make a lock.

        Raises:
            OSError: if the system does not offer one.
        """
        descriptor = move_up(os.memfd_create("dagfloe-logs", os.MFD_CLOEXEC))
        os.ftruncate(descriptor, _SIZE)
        return cls(descriptor)

    @property
    def is_mid_line(self) -> bool:
        """Whether a process has left a line half written."""
        return self._marks[0] != 0

    def acquire(self) -> bool:
        """Take the lock. Return False if another process holds it."""
        try:
            # The author may have closed the file, and opened something else that has the same number.
            if os.fstat(self.descriptor).st_ino == self._inode:
                fcntl.lockf(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # closed, or out of locks: go on without the lock
            pass
        self.is_held = True
        return True

    def begin(self) -> None:
        """Mark that a part of a line is about to be written."""
        self._marks[0] = 1
        self._marks[1] = self._marks[1] + 1 & 255

    def release(self, *, is_mid_line: bool = False) -> None:
        """Free the lock if this process holds it.

        Args:
            is_mid_line: whether the line was given up half written.
        """
        if self.is_held:
            self._marks[0] = is_mid_line
            self.is_held = False
            with suppress(OSError):  # see above
                fcntl.lockf(self.descriptor, fcntl.LOCK_UN)

    def has_moved(self) -> bool:
        """Whether a process has written something since the last call."""
        last, self._last_move = self._last_move, self._marks[1]
        return last != self._last_move

    def after_fork(self) -> None:
        """Forget the lock in a forked child: it belongs to the parent."""
        self.is_held = False
