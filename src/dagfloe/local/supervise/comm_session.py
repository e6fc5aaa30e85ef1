"""The conversation over the comm socket: sends the startup details, reads requests and sends replies."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Any

from dagfloe.local.supervise.coercion import coerce_body
from dagfloe.local.supervise.comm_channel import CommChannel
from dagfloe.local.supervise.startup import build_startup_details
from dagfloe.runtime.wire.requests import TERMINAL_STATES, find_problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from socket import socket

    from dagfloe.local.log.transcript import Transcript
    from dagfloe.local.store.store import Store
    from dagfloe.local.supervise.result_builder import ResultBuilder
    from dagfloe.local.task_run import TaskRun

#: After one of these terminal messages a process must end in time. After the others it may continue.
_FINAL_MESSAGES = ("RetryTask", "SucceedTask", "TaskState")


class CommSession:
    """Answers the requests of one task.

    Args:
        sock: the connected comm socket. Its owner closes it.
        task: the task.
        store: answers the requests.
        transcript: the task's log.
        result: collects the requests and the terminal message.
        on_final_message: called after a terminal message that ends the process.
    """

    def __init__(
        self,
        sock: socket,
        task: TaskRun,
        store: Store,
        transcript: Transcript,
        result: ResultBuilder,
        on_final_message: Callable[[], object],
    ) -> None:
        self._channel = CommChannel(sock)
        self._task = task
        self._store = store
        self._transcript = transcript
        self._result = result
        self._on_final_message = on_final_message

    @property
    def events(self) -> int:
        """The selector events to wait for."""
        return self._channel.events

    def send_startup(self, now: datetime) -> None:
        """Send the first frame, with the time at which the task starts."""
        self._channel.send(0, build_startup_details(self._task, now))

    def serve(self) -> None:
        """Send pending replies, and answer the requests that have arrived.

        Raises:
            EOFError: if the bundle has closed the socket.
            TaskLost: if the bundle sends a malformed frame.
        """
        self._channel.flush()
        try:
            if self._channel.events == selectors.EVENT_READ:
                for request in self._channel.read():
                    self._answer(request.id, request.body)
        except EOFError:
            pending = self._channel.pending_bytes
            if pending:
                self._transcript.log("error", f"The comm socket ended after {pending} bytes of a frame")
            raise

    def _answer(self, frame_id: int, body: dict[str, Any] | None) -> None:
        body = None if body is None else coerce_body(body, self._task.schema_version)
        reason = find_problem(body, self._task.schema_version)
        if body is None or reason is not None:
            self._transcript.log("error", f"Unable to decode message, so it gets no reply: {reason}")
            return
        self._result.add_request(body)
        reply = self._store.answer(body, self._task)
        if reply.error is not None:
            self._transcript.log_refusal(body["type"], reply.error["detail"])
        if body["type"] in TERMINAL_STATES:
            self._result.add_terminal(body, is_refused=reply.error is not None)
            if reply.error is None and body["type"] in _FINAL_MESSAGES:
                self._on_final_message()
        self._channel.send(frame_id, reply.body, reply.error)
