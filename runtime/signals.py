"""How a process learns that it should stop: signals, a supervisor that vanished, a dead parent process.

Thin: what a stop means to the task is in `dagfloe.cancellation`.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from typing_extensions import Self

    from dagfloe.cancellation import Cancellation

#: How long a task may go on cleaning up when nobody waits for it any more.
ORPHAN_GRACE_S = 5.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_HANGUP = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)

log = logging.getLogger("dagfloe.signals")


class StopSignals:
    """Turns SIGTERM and SIGINT into a request to the cancellation, for the length of a `with` block.

    Must be entered on the main thread. A forked child gets the default handlers back, so that a pool can end its
    workers.
    """

    def __init__(self, cancellation: Cancellation) -> None:
        self._cancellation = cancellation
        self._pid = os.getpid()
        self._before: list[object] = []
        self.vanished: str | None = None

    def __enter__(self) -> Self:
        self._before = [signal.signal(number, self._handle) for number in _SIGNALS]
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in zip(_SIGNALS, self._before, strict=True):
            signal.signal(number, handler)  # type: ignore[arg-type]

    def stop_main_thread(self, reason: str) -> None:
        """Ask for a stop from another thread, waking the main thread from blocking calls."""
        self.vanished = reason
        main = threading.main_thread().ident
        if main is not None:
            signal.pthread_kill(main, signal.SIGTERM)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._pid:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        self._cancellation.request(self.vanished or signal.Signals(number).name)


class PeerWatch:
    """Watches, on a thread of its own, that somebody still waits for this task's end.

    Args:
        comm: the comm socket's descriptor; the supervisor's end closing means that it is gone.
        parent: what `host.open_parent` gave.
        on_gone: called once, on the watching thread, with a few words that say who is gone.
        leave: ends the process when the task has not ended `grace_s` seconds later; must not return.
        grace_s: see `leave`.
    """

    def __init__(
        self,
        comm: int,
        parent: int | None,
        on_gone: Callable[[str], None],
        leave: Callable[[], None],
        grace_s: float = ORPHAN_GRACE_S,
    ) -> None:
        self._reasons = {comm: "the supervisor is gone"}
        if parent is not None:
            self._reasons[parent] = "the bundle's parent process is gone"
        self._parent = parent
        self._on_gone = on_gone
        self._leave = leave
        self._grace_s = grace_s
        self._stopped = threading.Event()
        self._wake_reader, self._wake_writer = os.pipe()
        self._thread = threading.Thread(target=self._watch, name="dagfloe-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        os.write(self._wake_writer, b".")
        self._thread.join(self._grace_s)
        if not self._thread.is_alive():
            os.close(self._wake_reader)
            os.close(self._wake_writer)
            if self._parent is not None:
                os.close(self._parent)

    def _watch(self) -> None:
        poller = select.poll()
        poller.register(self._wake_reader, select.POLLIN)
        for descriptor in self._reasons:
            # Readable data on the comm socket is not ours to see; a parent's pidfd becomes readable at its death.
            poller.register(descriptor, select.POLLIN if descriptor == self._parent else _HANGUP)
        gone = poller.poll()[0][0]
        if self._stopped.is_set():
            return
        self._on_gone(self._reasons[gone])
        if not self._stopped.wait(self._grace_s):
            self._leave()
