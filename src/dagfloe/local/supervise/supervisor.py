"""Runs one task of a bundle as Airflow's supervisor does: two sockets, one process, deadlines, and a clean end.

One thread, one selector, no polling. What frames, log lines and requests mean is in `wire`, `records`, `requests` and
`store`; the process is in `child`.
"""

from __future__ import annotations

import os
import selectors
import socket
from typing import TYPE_CHECKING, Any

from dagfloe.local.log.transcript import Transcript
from dagfloe.local.supervise.coercion import as_read
from dagfloe.local.supervise.comm_channel import READ_BYTES, CommChannel
from dagfloe.local.supervise.escalation import Ending
from dagfloe.local.supervise.limits import Deadlines, Limits
from dagfloe.local.supervise.startup import startup_details
from dagfloe.local.supervise.task_process import Child
from dagfloe.local.supervise.task_result import TaskResult, final_state
from dagfloe.local.task_lost import TaskLost
from dagfloe.runtime.wire.requests import TERMINAL_STATES, find_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Self

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.store.store import Store
    from dagfloe.local.supervise.stop import Stop
    from dagfloe.local.task_run import TaskRun

_SERVERS = ("comm server", "logs server")
#: The terminal messages after which a process that goes on is ended; after the others it may take its time.
_ENDING = ("RetryTask", "SucceedTask", "TaskState")
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
) -> TaskResult:
    """Run one task.

    Args:
        command: the bundle file, or a program with its first arguments; `--comm` and `--logs` are appended.
        task: what to run.
        store: what the task can ask for, and where its XComs go.
        env: the bundle's whole environment, by default this process's own; the two logging settings are added.
        on_record: called with every log record as it comes. What it raises ends the task.
        stop: ends the task, by signals, once it is set.
        limits: how long things may take.

    Returns:
        What became of it. Nothing of the task is running any more.
    """
    with _Run(task, store, Transcript(store.secrets.mask, on_record), limits or Limits()) as run:
        if run.start(command, os.environ if env is None else env):
            run.serve(stop)
        return run.result()


class _Run:
    """The state of one running task."""

    def __init__(self, task: TaskRun, store: Store, transcript: Transcript, limits: Limits) -> None:
        self._task = task
        self._store = store
        self._transcript = transcript
        self._limits = limits
        self._deadlines = Deadlines()
        self._ending = Ending(limits, self._deadlines)
        self._selector = selectors.DefaultSelector()
        self._open: dict[str, socket.socket] = {}
        self._child: Child | None = None
        self._comm: CommChannel | None = None
        self._accepted: set[str] = set()
        self._gave_up = False
        self._requests: list[Mapping[str, Any]] = []
        self._terminal: Mapping[str, Any] | None = None
        self._refused: str | None = None
        self._errors: list[str] = []
        self._broken: str | None = None
        self._leftovers: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._end_child(grace_s=0)
        finally:
            for name in list(self._open):
                self._close(name)
            self._selector.close()

    def start(self, command: Sequence[str], env: Mapping[str, str]) -> bool:
        """Listen, and start the process; False when it cannot be started."""
        for name in _SERVERS:
            self._watch(name, socket.create_server(("127.0.0.1", 0), backlog=8))
        comm, logs = (f"127.0.0.1:{self._open[name].getsockname()[1]}" for name in _SERVERS)
        try:
            self._child = Child([*command, f"--comm={comm}", f"--logs={logs}"], env)
        except (OSError, ValueError) as error:
            self._errors.append(f"{command[0]} cannot be started: {getattr(error, 'strerror', None) or error}")
            return False
        for name, stream in self._child.streams.items():
            self._watch(name, stream)
        if self._child.pidfd is not None:
            self._selector.register(self._child.pidfd, selectors.EVENT_READ, "exit")
        self._deadlines.set("startup", self._limits.startup_s)
        self._deadlines.set("task", self._limits.task_s)
        return True

    def serve(self, stop: Stop | None) -> None:
        """Serve the task until it has ended and everything that it said was read."""
        if stop is not None:
            self._selector.register(stop, selectors.EVENT_READ, "stop")
        while not self._is_over():
            ready = self._selector.select(self._timeout_s())
            # Servers first, so that a connection counts that was there before the end.
            for key in sorted((key for key, _ in ready), key=lambda key: key.data not in _SERVERS):
                if key.data in ("stop", "exit"):
                    self._selector.unregister(key.fileobj)
                if key.data == "stop":
                    self._end("it was told to stop", is_passed_on=True)
                elif key.data in self._open:
                    self._handle(key.data)
            self._notice_end()
            for name in self._deadlines.passed():
                self._enforce(name)

    def _is_over(self) -> bool:
        ended = self._child is None or self._child.exit_code is not None
        return self._gave_up or self._ending.gave_up or (ended and not self._open)

    def _timeout_s(self) -> float | None:
        remaining_s = self._deadlines.remaining_s()
        if self._child is not None and self._child.pidfd is None and self._child.exit_code is None:
            return _EXIT_POLL_S if remaining_s is None else min(remaining_s, _EXIT_POLL_S)
        return remaining_s

    def _handle(self, name: str) -> None:
        try:
            if name in _SERVERS:
                self._accept(name)
            elif name == "comm":
                self._serve_comm()
            else:
                self._read_lines(name)
        except TaskLost as lost:
            self._lose(str(lost))

    def _accept(self, server: str) -> None:
        try:
            sock, peer = self._open[server].accept()
        except OSError:  # it was given up before it was accepted
            return
        if self._child is None or not self._child.tree.owns_connection(peer, sock.getsockname()):
            sock.close()
            self._transcript.say("warning", f"Refused a connection from port {peer[1]}: it is not the task's")
            return
        self._close(server)
        name = server.partition(" ")[0]
        self._watch(name, sock)
        if name == "comm":
            self._comm = CommChannel(sock)
        self._accepted.add(name)
        if self._connected:
            self._deadlines.set("startup", None)
            if self._comm is not None and "comm" in self._open:
                self._comm.send(0, startup_details(self._task))
                self._wait_for_comm(self._comm)

    @property
    def _connected(self) -> bool:
        """Whether both connections came, even if they are closed again."""
        return len(self._accepted) == len(_SERVERS)

    def _serve_comm(self) -> None:
        comm = self._comm
        if comm is None:
            return
        comm.flush()
        try:
            if comm.events == selectors.EVENT_READ:
                for request in comm.read():
                    self._answer(comm, request.id, request.body)
        except EOFError:
            if comm.pending_bytes:
                self._transcript.say("error", f"The comm socket ended after {comm.pending_bytes} bytes of a frame")
            self._close("comm")
        else:
            self._wait_for_comm(comm)

    def _wait_for_comm(self, comm: CommChannel) -> None:
        self._selector.modify(comm.sock, comm.events, "comm")

    def _answer(self, comm: CommChannel, frame_id: int, body: dict[str, Any] | None) -> None:
        body = None if body is None else as_read(body, self._task.schema_version)
        reason = find_problem(body, self._task.schema_version)
        if body is None or reason is not None:
            self._transcript.say("error", f"Unable to decode message, so it gets no reply: {reason}")
            return
        self._requests.append(body)
        reply = self._store.answer(body, self._task)
        if reply.error is not None:
            self._transcript.refuse(body["type"], reply.error["detail"])
        if body["type"] in TERMINAL_STATES and reply.error is not None:
            self._refused = body["type"]
        elif body["type"] in TERMINAL_STATES:
            self._terminal = body
            if body["type"] in _ENDING and not self._ending.has_begun:
                self._deadlines.set("overtime", self._limits.overtime_s)
        comm.send(frame_id, reply.body, reply.error)

    def _read_lines(self, name: str) -> None:
        try:
            data = self._open[name].recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(name)
        self._transcript.feed(name, data)

    def _notice_end(self) -> None:
        if self._child is None or self._child.exit_code is not None:
            return
        exit_code = self._child.poll()
        if exit_code is None:
            return
        if exit_code and self._connected and not self._ending.explains(exit_code) and self._broken is None:
            self._transcript.end(exit_code)
        if self._refused is not None and self._terminal is None:
            self._transcript.say("error", f"The task's end is lost: {self._refused} was refused")
        self._deadlines.clear()
        self._deadlines.set("cleanup", self._limits.cleanup_s)
        for name in _SERVERS:
            self._close(name)

    def _enforce(self, deadline: str) -> None:
        if deadline == "startup":
            self._end(f"it did not connect to both sockets within {self._limits.startup_s:g} s")
        elif deadline == "task":
            self._end(f"it took more than {self._limits.task_s:g} s")
        elif deadline == "overtime":
            self._end(f"it went on for {self._limits.overtime_s:g} s after its terminal message")
        elif deadline == "escalation":
            if self._connected:
                self._transcript.say("warning", f"Process did not terminate in time; {self._ending.what_next}")
            if self._child is not None:
                self._ending.escalate(self._child)
        elif deadline == "cleanup":
            names = ", ".join(self._open)
            self._transcript.say("warning", f"Still open {self._limits.cleanup_s:g} s after the task's end: {names}")
            self._end_child(grace_s=0)
            self._deadlines.set("last", _LAST_READ_S)
        else:
            self._gave_up = True

    def _lose(self, reason: str) -> None:
        """What the real supervisor does not survive: the bundle sees its sockets close."""
        self._broken = self._broken or self._transcript.mask(reason)
        self._transcript.say("critical", f"The task is lost: {reason}")
        for name in (*_SERVERS, "comm", "logs"):
            self._close(name)
        self._end(None)

    def _end(self, reason: str | None, *, is_passed_on: bool = False) -> None:
        """Begin to end the process by signals."""
        if self._ending.has_begun or self._child is None or self._child.exit_code is not None:
            return
        if reason is not None:
            self._errors.append(reason)
            self._transcript.say("warning", f"Ending the task: {reason}")
        self._deadlines.clear()
        self._ending.begin(self._child, is_passed_on=is_passed_on)

    def _end_child(self, grace_s: float) -> None:
        if self._child is not None:
            self._leftovers += self._child.end(grace_s)

    def result(self) -> TaskResult:
        """End what is left, and say what became of the task."""
        self._end_child(self._limits.cleanup_s)
        exit_code = None if self._child is None else self._child.exit_code
        said = None
        if self._terminal is not None:
            said = self._terminal.get("state", TERMINAL_STATES[self._terminal["type"]][0])
        state, reason = "failed", self._broken
        if self._child is not None and reason is None:
            state, reason = final_state(exit_code, said, should_retry=self._task.should_retry)
            if not self._connected:
                state, reason = "failed", f"{reason}, before it had connected"
            elif exit_code == 0 and said is None and self._refused is not None:
                reason = f"Airflow's API server would refuse its {self._refused}, see the log, and fail the task"
        errors = [*self._errors, *([reason] if reason else [])]
        if not self._connected and self._transcript.output():
            errors.append(f"it said:\n{self._transcript.output()}")
        return TaskResult(
            state=state,
            exit_code=exit_code,
            terminal=self._terminal,
            records=tuple(self._transcript.records),
            requests=tuple(self._requests),
            seconds=0.0 if self._child is None else self._child.seconds,
            error=self._transcript.mask("; ".join(errors)) or None,
            broken=self._broken,
            leftovers=tuple(self._leftovers),
        )

    def _watch(self, name: str, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._open[name] = sock
        self._selector.register(sock, selectors.EVENT_READ, name)

    def _close(self, name: str) -> None:
        sock = self._open.pop(name, None)
        if sock is not None:
            self._selector.unregister(sock)
            sock.close()
