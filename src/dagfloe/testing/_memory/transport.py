"""The supervisor in memory: requests and replies pass through real frames, and a store answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.client.error_replies import error_from_reply
from dagfloe.local.supervise.coercion import coerce_body
from dagfloe.local.supervise.frame_codec import RequestDecoder, encode_reply
from dagfloe.runtime.wire.comms import REPLY_TIMEOUT_S
from dagfloe.runtime.wire.frames import FrameDecoder, encode_frame
from dagfloe.runtime.wire.requests import check_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagfloe.local.store.store import Store
    from dagfloe.local.task_run import TaskRun

_FRAME_ID = 1


class MemoryTransport:
    """The transport of a `Client` without a comm socket. It raises the same errors as the real one.

    Args:
        store: answers the requests.
        run: the task instance that sends them.
        on_request: called with every request as the supervisor reads it.
    """

    def __init__(self, store: Store, run: TaskRun, on_request: Callable[[dict[str, Any]], object]) -> None:
        self.reply_timeout_s = REPLY_TIMEOUT_S
        self._store = store
        self._run = run
        self._on_request = on_request

    def request(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Send a request, and return the reply's body.

        Raises:
            SupervisorError: if the reply is an error.
            LocalProtocolError: if the supervisor would not understand the request.
        """
        check_request(body, self._run.schema_version)
        sent = next(RequestDecoder().feed(b"".join(encode_frame(_FRAME_ID, body)))).body or {}
        received = coerce_body(sent, self._run.schema_version)
        self._on_request(received)
        answer = self._store.answer(received, self._run)
        reply = next(FrameDecoder().feed(encode_reply(_FRAME_ID, answer.body, answer.error)))
        error = reply.error
        if error is None and reply.body is not None and reply.body.get("type") == "ErrorResponse":
            error = reply.body
        if error is not None:
            raise error_from_reply(body, error)
        return reply.body


def transfer(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return a message of the supervisor as the bundle reads it from a frame."""
    return next(FrameDecoder().feed(encode_reply(_FRAME_ID, body))).body
