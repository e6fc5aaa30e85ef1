"""The supervisor in memory: a request goes through the real frames to a store, and its answer comes back so."""

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

_ID = 1


class MemoryExchange:
    """What a `Client` talks to in the place of the comm socket. Errors are those of the real one.

    Args:
        store: answers.
        run: the task instance that asks.
        on_request: called with every request as the supervisor reads it.
    """

    def __init__(self, store: Store, run: TaskRun, on_request: Callable[[dict[str, Any]], object]) -> None:
        self.reply_timeout_s = REPLY_TIMEOUT_S
        self._store = store
        self._run = run
        self._on_request = on_request

    def request(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer's body; errors are raised."""
        check_request(body, self._run.schema_version)
        sent = next(RequestDecoder().feed(b"".join(encode_frame(_ID, body)))).body or {}
        asked = coerce_body(sent, self._run.schema_version)
        self._on_request(asked)
        answer = self._store.answer(asked, self._run)
        reply = next(FrameDecoder().feed(encode_reply(_ID, answer.body, answer.error)))
        error = reply.error
        if error is None and reply.body is not None and reply.body.get("type") == "ErrorResponse":
            error = reply.body
        if error is not None:
            raise error_from_reply(body, error)
        return reply.body


def as_sent(body: dict[str, Any]) -> dict[str, Any] | None:
    """A message of the supervisor as the bundle reads it."""
    return next(FrameDecoder().feed(encode_reply(_ID, body))).body
