"""Runs one task of a bundle as Airflow's supervisor does: two sockets, one process, deadlines, and a clean end.

One thread and one selector, without polling. The sockets are in `sockets`, the process in `task_process`, the
deadlines in `deadlines`. `comm_session` answers the requests, and `result_builder` makes the result.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagfloe.local.log.transcript import Transcript
from dagfloe.local.supervise.comm_channel import READ_BYTES
from dagfloe.local.supervise.comm_session import CommSession
from dagfloe.local.supervise.deadlines import Deadlines, Phase
from dagfloe.local.supervise.escalation import Escalation
from dagfloe.local.supervise.limits import Limits
from dagfloe.local.supervise.result_builder import ResultBuilder
from dagfloe.local.supervise.sockets import CONNECTIONS, Channel, TaskSockets
from dagfloe.local.task_lost import TaskLost
from dagfloe.values.dates import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Self

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.stop import Stop
    from dagfloe.local.store.store import Store
    from dagfloe.local.supervise.task_process import TaskProcess
    from dagfloe.local.supervise.task_result import TaskResult
    from dagfloe.local.task_run import TaskRun
    from dagfloe.values.dates import Clock

_EXIT_POLL_S = 0.05
_LAST_READ_S = 1.0


def run_task(
    command: Sequence[str],
    task: TaskRun,
    store: Store,
    *,
    env: Mapping[str, str] | None = None,
    on_record: Callable[[LogRecord], None] | None = None,
    stop: Stop | None = None,
    limits: Limits | None = None,
    clock: Clock = utc_now,
) -> TaskResult:
    """Run one task.

    Args:
        command: the bundle file, or a program with its first arguments; `--comm` and `--logs` are appended.
        task: the task instance to run.
        store: answers the task's requests, and holds its XComs.
        env: the bundle's whole environment, by default that of this process. The two logging settings are added.
        on_record: called with every log record as it arrives. If it raises, the task ends.
        stop: when it is set, the supervisor ends the task by signals.
        limits: how long the task and its parts may take.
        clock: gives the task's start date, and the time of log records that name none.

    Returns:
        The result. No process of the task is left.
    """
    transcript = Transcript(store.mask, on_record, clock)
    with _Supervisor(task, store, transcript, limits or Limits(), clock) as supervisor:
        if supervisor.start(command, os.environ if env is None else env):
            supervisor.serve(stop)
        return supervisor.result()


class _Supervisor:
    """One running task."""

    def __init__(self, task: TaskRun, store: Store, transcript: Transcript, limits: Limits, clock: Clock) -> None:
        self._task = task
        self._store = store
        self._transcript = transcript
        self._limits = limits
        self._clock = clock
        self._result = ResultBuilder(task, transcript)
        self._sockets = TaskSockets()
        self._deadlines = Deadlines()
        self._escalation = Escalation(limits, self._deadlines)
        self._process: TaskProcess | None = None
        self._comm: CommSession | None = None
        self._is_last_read_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._sockets:
            self._end_process(grace_s=0)

    def start(self, command: Sequence[str], env: Mapping[str, str]) -> bool:
        """Listen, and start the process. Return False if it cannot be started."""
        from dagfloe.local.supervise.task_process import TaskProcess  # noqa: PLC0415 - psutil takes 20 ms

        comm, logs = self._sockets.listen()
        try:
            self._process = TaskProcess([*command, f"--comm={comm}", f"--logs={logs}"], env)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            self._result.add_error(f"{command[0]} cannot be started: {reason}")
            return False
        for name, stream in self._process.streams.items():
            self._sockets.add(Channel(name), stream)
        if self._process.pidfd is not None:
            self._sockets.add_event(Channel.EXIT, self._process.pidfd)
        self._deadlines.set(Phase.STARTUP, self._limits.startup_s)
        self._deadlines.set(Phase.TASK, self._limits.task_s)
        return True

    def serve(self, stop: Stop | None) -> None:
        """Serve the task until its process has ended and all its output is read."""
        if stop is not None:
            self._sockets.add_event(Channel.STOP, stop)
        while not self._is_over():
            for channel in self._sockets.wait(self._timeout_s()):
                if channel is Channel.STOP:
                    self._terminate("a stop was requested", is_forwarded=True)
                elif self._sockets.is_open(channel):
                    self._handle(channel)
            self._check_exit()
            for phase in self._deadlines.pop_expired():
                self._enforce(phase)

    def result(self) -> TaskResult:
        """Kill the processes that are left, and make the result."""
        self._end_process(self._limits.cleanup_s)
        return self._result.build(self._process, is_connected=self._sockets.is_connected)

    def _is_over(self) -> bool:
        has_ended = self._process is None or self._process.exit_code is not None
        return self._is_last_read_over or self._escalation.is_exhausted or (has_ended and not self._sockets.names)

    def _timeout_s(self) -> float | None:
        remaining_s = self._deadlines.remaining_s()
        if self._process is not None and self._process.pidfd is None and self._process.exit_code is None:
            return _EXIT_POLL_S if remaining_s is None else min(remaining_s, _EXIT_POLL_S)
        return remaining_s

    def _handle(self, channel: Channel) -> None:
        try:
            if channel in CONNECTIONS:
                self._accept(channel)
            elif channel is Channel.COMM:
                self._serve_comm()
            else:
                data = self._sockets.read(channel, READ_BYTES)
                if data is not None:
                    self._transcript.feed(channel.value, data)
        except TaskLost as error:
            self._lose(str(error))

    def _accept(self, server: Channel) -> None:
        accepted = self._sockets.accept(server)
        if accepted is None:
            return
        sock, peer = accepted
        if self._process is None or not self._process.tree.owns_connection(peer, sock.getsockname()):
            sock.close()
            self._transcript.log("warning", f"Refused a connection from port {peer[1]}: it is not the task's")
            return
        self._sockets.take_connection(server, sock)
        if server is Channel.COMM_SERVER:
            self._comm = CommSession(
                sock, self._task, self._store, self._transcript, self._result, self._start_overtime
            )
        if self._sockets.is_connected:
            self._deadlines.set(Phase.STARTUP, None)
            if self._comm is not None and self._sockets.is_open(Channel.COMM):
                self._comm.send_startup(self._clock())
                self._sockets.wait_for(Channel.COMM, self._comm.events)

    def _serve_comm(self) -> None:
        if self._comm is None:
            return
        try:
            self._comm.serve()
        except EOFError:
            self._sockets.close(Channel.COMM)
        else:
            self._sockets.wait_for(Channel.COMM, self._comm.events)

    def _start_overtime(self) -> None:
        if not self._escalation.has_begun:
            self._deadlines.set(Phase.OVERTIME, self._limits.overtime_s)

    def _check_exit(self) -> None:
        if self._process is None or self._process.exit_code is not None:
            return
        exit_code = self._process.poll()
        if exit_code is None:
            return
        is_expected = exit_code == 0 or self._escalation.explains(exit_code) or self._result.is_broken
        if self._sockets.is_connected and not is_expected:
            self._transcript.log_exit(exit_code)
        if self._result.lost_terminal_type is not None:
            self._transcript.log("error", f"The task's end is lost: {self._result.lost_terminal_type} was refused")
        self._deadlines.clear()
        self._deadlines.set(Phase.CLEANUP, self._limits.cleanup_s)
        self._sockets.close(*CONNECTIONS)

    def _enforce(self, phase: Phase) -> None:
        """Act on a deadline that has passed."""
        limits = self._limits
        if phase is Phase.STARTUP:
            self._terminate(f"it did not connect to both sockets within {limits.startup_s:g} s")
        elif phase is Phase.TASK:
            self._terminate(f"it took more than {limits.task_s:g} s")
        elif phase is Phase.OVERTIME:
            self._terminate(f"it went on for {limits.overtime_s:g} s after its terminal message")
        elif phase is Phase.ESCALATION:
            if self._sockets.is_connected:
                self._transcript.log("warning", f"Process did not terminate in time; {self._escalation.next_step}")
            if self._process is not None:
                self._escalation.escalate(self._process)
        elif phase is Phase.CLEANUP:
            names = ", ".join(self._sockets.names)
            self._transcript.log("warning", f"Still open {limits.cleanup_s:g} s after the task's end: {names}")
            self._end_process(grace_s=0)
            self._deadlines.set(Phase.LAST_READ, _LAST_READ_S)
        else:
            self._is_last_read_over = True

    def _lose(self, reason: str) -> None:
        """End the task over something that the real supervisor does not survive. The bundle sees its sockets close."""
        self._result.mark_broken(reason)
        self._transcript.log("critical", f"The task is lost: {reason}")
        self._sockets.close(*CONNECTIONS, *CONNECTIONS.values())
        self._terminate(None)

    def _terminate(self, reason: str | None, *, is_forwarded: bool = False) -> None:
        """Begin to end the process by signals."""
        if self._escalation.has_begun or self._process is None or self._process.exit_code is not None:
            return
        if reason is not None:
            self._result.add_error(reason)
            self._transcript.log("warning", f"Ending the task: {reason}")
        self._deadlines.clear()
        self._escalation.begin(self._process, is_forwarded=is_forwarded)

    def _end_process(self, grace_s: float) -> None:
        if self._process is not None:
            self._process.end(grace_s)
