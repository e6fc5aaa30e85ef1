"""The process of a task: starts it, watches it, signals it, and ends it with all its descendants."""

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


class TaskProcess:
    """A started process. Only `end` reaps it, so that no other process gets its pid before.

    Args:
        command: the program and its arguments.
        env: its environment. The two logging settings are added if they are missing.

    Attributes:
        exit_code: the exit status, negative for a signal; None while the process runs.
        streams: our ends of its `stdout` and `stderr`.
        leftovers: the descendants that outlived it and were killed, as `pid name`.
        tree: the process and its descendants.
        pidfd: a descriptor that becomes readable when the process ends; None where the system has no pidfd.

    Raises:
        OSError: if the process cannot be started.
        ValueError: if an argument contains a null byte.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        mark = uuid.uuid4().hex
        # Socket pairs, as in Airflow: a task cannot open /dev/stdout on one.
        pairs = {name: socket.socketpair() for name in ("stdout", "stderr")}
        self.streams = {name: own_end for name, (own_end, _) in pairs.items()}
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=pairs["stdout"][1].fileno(),
                stderr=pairs["stderr"][1].fileno(),
                env={LEVEL_VARIABLE: "INFO", NAMESPACES_VARIABLE: "", **env, MARK_VARIABLE: mark},
                start_new_session=True,  # so that Ctrl-C at a terminal reaches the supervisor only
            )
        except BaseException:
            for stream in self.streams.values():
                stream.close()
            raise
        finally:
            for _, task_end in pairs.values():
                task_end.close()
        self._start_time = time.monotonic()
        self._seconds: float | None = None
        self.exit_code: int | None = None
        self.leftovers: list[str] = []
        self.tree = ProcessTree(self._process.pid, mark)
        self.pidfd = open_process(self._process.pid)

    @property
    def seconds(self) -> float:
        """How long the process ran, or has run so far."""
        return time.monotonic() - self._start_time if self._seconds is None else self._seconds

    def poll(self) -> int | None:
        """Return the exit status if the process has ended."""
        if self.exit_code is None:
            status = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if status is not None:
                exited = status.si_code == os.CLD_EXITED
                self._seconds, self.exit_code = self.seconds, status.si_status if exited else -status.si_status
        return self.exit_code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to this process only."""
        os.kill(self._process.pid, number)

    def end(self, grace_s: float) -> None:
        """Kill the process and its descendants, and reap it. Later calls do nothing.

        Args:
            grace_s: how long the descendants may take to end by themselves, in seconds.
        """
        if self._process.returncode is not None:
            return
        try:
            killed = self.tree.end_leftovers(grace_s, _KILL_S)
            self._process.wait(_KILL_S)
        except subprocess.TimeoutExpired:
            return
        finally:
            if self.pidfd is not None:
                os.close(self.pidfd)
                self.pidfd = None
        if self.exit_code is None:
            self._seconds, self.exit_code = self.seconds, self._process.returncode
        self.leftovers += [f"{process.pid} {process.name}" for process in killed if process.pid != self._process.pid]
