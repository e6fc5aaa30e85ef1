"""The process of a task: started, watched, signalled, and ended with everything that came from it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import uuid
from typing import TYPE_CHECKING

from dagfloe.local.supervise.process_tree import MARK_VARIABLE, ProcessTree, open_process
from dagfloe.runtime.log.levels import LEVEL_VARIABLE, NAMESPACES_VARIABLE

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence

_KILL_S = 5.0


class Child:
    """A started process. It is reaped in `end` only, so that its number stays its own until then.

    Args:
        command: the program and its arguments.
        env: its environment; the two logging settings are added where they are missing.

    Attributes:
        exit_code: the exit status, negative for a signal; None while it runs.
        seconds: how long it ran, or has run.
        streams: our ends of its stdout and stderr.

    Raises:
        OSError: when it cannot be started.
        ValueError: when an argument holds a null byte.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        mark = uuid.uuid4().hex
        # Socket pairs, as Airflow has them: /dev/stdout cannot be opened on one.
        pairs = {name: socket.socketpair() for name in ("stdout", "stderr")}
        self.streams = {name: ours for name, (ours, _) in pairs.items()}
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=pairs["stdout"][1].fileno(),
                stderr=pairs["stderr"][1].fileno(),
                env={LEVEL_VARIABLE: "INFO", NAMESPACES_VARIABLE: "", **env, MARK_VARIABLE: mark},
                start_new_session=True,  # Ctrl-C at a terminal is ours to pass on
            )
        except BaseException:
            for stream in self.streams.values():
                stream.close()
            raise
        finally:
            for _, theirs in pairs.values():
                theirs.close()
        self._began = time.monotonic()
        self._seconds: float | None = None
        self.exit_code: int | None = None
        self.tree = ProcessTree(self._process.pid, mark)
        self.pidfd = open_process(self._process.pid)

    @property
    def seconds(self) -> float:
        """How long it ran, or has run."""
        return time.monotonic() - self._began if self._seconds is None else self._seconds

    def poll(self) -> int | None:
        """Its exit status once it has ended."""
        if self.exit_code is None:
            status = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if status is not None:
                exited = status.si_code == os.CLD_EXITED
                self._seconds, self.exit_code = self.seconds, status.si_status if exited else -status.si_status
        return self.exit_code

    def signal(self, number: signal.Signals) -> None:
        """Send it, and nobody else, a signal."""
        os.kill(self._process.pid, number)

    def end(self, grace_s: float) -> list[str]:
        """Kill whatever is left of it and of its descendants, and let the system forget it. May be called again.

        Args:
            grace_s: how long they may take to end by themselves.

        Returns:
            The descendants that it left behind, `pid name` each.
        """
        if self._process.returncode is not None:
            return []
        try:
            left = self.tree.end_leftovers(grace_s, _KILL_S)
            self._process.wait(_KILL_S)
        except subprocess.TimeoutExpired:
            return []
        finally:
            if self.pidfd is not None:
                os.close(self.pidfd)
                self.pidfd = None
        if self.exit_code is None:
            self._seconds, self.exit_code = self.seconds, self._process.returncode
        return [f"{process.pid} {process.name}" for process in left if process.pid != self._process.pid]
