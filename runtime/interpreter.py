"""What the author's code may change in Python itself, and the end of the task needs."""

from __future__ import annotations

import builtins
import sys


class Interpreter:
    """Saves parts of Python, and restores them. Create it before the task's function runs."""

    def __init__(self) -> None:
        self._recursion_limit = sys.getrecursionlimit()
        self._set_recursion_limit = sys.setrecursionlimit
        self._set_trace, self._set_profile = sys.settrace, sys.setprofile
        self._builtins = dict(vars(builtins))

    def restore_recursion_limit(self) -> None:
        """Set the recursion limit again."""
        self._set_recursion_limit(self._recursion_limit)

    def restore(self) -> None:
        """Restore all. Only for a task that failed, because the author's code still runs in threads and at exit."""
        builtins.__dict__.update(self._builtins)
        self._set_trace(None)
        self._set_profile(None)
        self.restore_recursion_limit()
