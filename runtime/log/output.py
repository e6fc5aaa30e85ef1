"""The output of a process: its records, its streams and its log channel, from its start to its real end.

After the task, the author's threads and exit handlers may still log and print. So everything stays in place, and the
last exit handler of the process sends what is left.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
from contextlib import suppress

from dagfloe.runtime.log.channel import LogChannel
from dagfloe.runtime.log.handler import ChannelHandler
from dagfloe.runtime.log.streams import Streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dagfloe.cancellation import Cancellation
    from dagfloe.masking import Secrets
    from dagfloe.runtime.log.levels import Levels

#: The audit events before which Python code begins to run in another process that has our descriptors.
_FORK_EVENTS = frozenset(("os.fork", "os.forkpty"))
#: The modules that `multiprocessing` imports before it starts a process in another way.
_START_MODULES = ("multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver")
_LOCK_TIMEOUT_S = 2.0


class Output:
    """Sends the records and the output of this process to a log channel.

    Args:
        cancellation: see `LogChannel`.
        secrets: the secrets to mask.
        levels: the enabled levels.

    Attributes:
        channel: the channel.
        handler: the handler of Python's `logging`.
        secrets: as above.
        levels: as above.
    """

    def __init__(self, cancellation: Cancellation, secrets: Secrets, levels: Levels) -> None:
        self.secrets = secrets
        self.levels = levels
        self.channel = LogChannel(cancellation, secrets, levels=levels)
        self.handler = ChannelHandler(self.channel, levels)
        self._is_shared = False

    def install(self, share_with_workers: Callable[[Output], None]) -> None:
        """Take over logging and the streams. Call it before the author's code is imported.

        Args:
            share_with_workers: called before `multiprocessing` starts its first worker, unless it forks it.
        """
        self._share_with_workers = share_with_workers
        self.handler.install()
        self._streams = Streams(self.channel)
        os.register_at_fork(after_in_child=self._after_fork)
        # Exit handlers run in reverse order. So ours runs after those of the author and of `logging`.
        atexit.register(self._finish_last)
        atexit.unregister(logging.shutdown)
        atexit.register(logging.shutdown)
        sys.addaudithook(self._watch)
        if any(name in sys.modules for name in _START_MODULES):
            self._share_with_workers(self)

    def finish(self) -> None:
        """Send what is left, because this process ends. May be called again."""
        lock = self.channel.lock
        if lock.acquire(timeout=_LOCK_TIMEOUT_S):  # otherwise, the main thread is in `_finish_last`
            lock.release()
            self._streams.finish()
            self.channel.finish()

    def restore(self) -> None:
        """Give logging and the streams back, and close the channel: the process cannot reach its supervisor."""
        self._streams.restore()
        self.handler.uninstall()
        self.channel.close()

    def _finish_last(self) -> None:
        self.finish()
        self._streams.prepare_for_the_end()
        # The objects that Python deletes now may log and print. Daemon threads stop somewhere in the middle, and must
        # not have the lock then. So this thread, which is the one that deletes the objects, keeps it.
        self.channel.lock.acquire()
        self.channel.wait()

    def _after_fork(self) -> None:
        self.channel.after_fork()
        self._streams.after_fork()

    def _watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _FORK_EVENTS:
            if not self._is_shared:
                self._is_shared = True  # set this first: sharing raises audit events, too
                self.channel.share()
        elif event == "import":
            if arguments[0] in _START_MODULES:
                with suppress(ImportError, OSError):  # the workers can work without
                    self._share_with_workers(self)
        elif event == "os.exec":  # this process ends if it succeeds, and goes on if not
            self._streams.finish()
            self.channel.wait()
