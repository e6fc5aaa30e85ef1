"""Decides the exit status of a process that runs a task: 0 exactly when the terminal message was delivered.

Nothing that the author's code raises can change this, wherever it is raised: see `Ending.enforce`. Only code that ends
the process past Python, such as `os._exit`, can; the launcher of a bundle file watches for that.
"""

from __future__ import annotations

import atexit
import os

from dagfloe.constants import EXIT_FAILURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dagfloe.runtime.wire.comms import Comms

# Saved, because the author's code may replace them.
_exit, _getpid = os._exit, os.getpid


class Ending:
    """What is known about the end of this process. Create it before the author's code runs.

    Attributes:
        pid: the id of the process; forked children have another one.
        comms: the comm socket, once it is connected.
        fallback: a terminal message that can be sent if the task's own one cannot be made; None until the task begins.
        is_lost: whether the supervisor was gone before it read the terminal message.
    """

    def __init__(self) -> None:
        self.pid = _getpid()
        self.comms: Comms | None = None
        self.fallback: dict[str, Any] | None = None
        self.is_lost = False
        self._is_orderly = False
        atexit.register(self.enforce)  # the first to be registered is the last to be called

    @property
    def status(self) -> int:
        """The exit status that this process must have now."""
        return 0 if self.comms is not None and self.comms.is_finished and not self.is_lost else EXIT_FAILURE

    def in_order(self) -> int:
        """The exit status, for a process that ends in order: it was passed on, and need not be enforced."""
        self._is_orderly = True
        return self.status

    def enforce(self) -> None:
        """End the process with the right status if an exception has left the runtime; called at exit."""
        if not self._is_orderly and _getpid() == self.pid:
            _exit(self.status)
