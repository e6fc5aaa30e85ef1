"""The comm socket: matching of replies, threads, errors, and a misbehaving supervisor."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.call_errors import ApiServerError, PermissionDenied, VariableNotFound
from dagfloe.cancellation import Cancellation
from dagfloe.errors import (
    ConnectionLostError,
    LocalProtocolError,
    RemoteProtocolError,
    ReplyTimeoutError,
    SupervisorError,
)
from dagfloe.runtime.process.signals import StopSignals
from dagfloe.runtime.wire.comms import Comms
from support.comm_pair import Supervisor
from support.peer import DEADLINE_S, pack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def ends() -> Iterator[tuple[Comms, Supervisor]]:
    """A comm socket and the supervisor at its other end."""
    ours, theirs = socket.socketpair()
    comms = Comms(ours, Cancellation(), reply_timeout_s=DEADLINE_S)
    with theirs:
        yield comms, Supervisor(theirs)
    comms.close()


def variable(key: str = "k") -> dict[str, Any]:
    """A request."""
    return {"type": "GetVariable", "key": key}


def in_threads(count: int, function: Any) -> list[Any]:
    """Make calls at the same time; return their results or exceptions. Fails if a call hangs."""
    results: list[Any] = [None] * count

    def call(number: int) -> None:
        try:
            results[number] = function(number)
        except Exception as error:  # noqa: BLE001 - returned to the test
            results[number] = error

    threads = [threading.Thread(target=call, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
        assert not thread.is_alive(), "a call hangs"
    return results


def test_replies_reach_the_calls_they_answer(ends: tuple[Comms, Supervisor]) -> None:
    """Ten threads make calls at once. Replies in any order, split and merged at random, reach the right calls."""
    comms, supervisor = ends
    calls_per_thread = 50

    def serve() -> None:
        chance = random.Random(1)  # noqa: S311 - not for secrets
        for _ in range(10 * calls_per_thread // 10):
            requests = [supervisor.receive() for _ in range(10)]
            assert len({frame_id for frame_id, _ in requests}) == 10
            chance.shuffle(requests)
            data = b"".join(pack([frame_id, {"type": "R", "value": body["key"]}]) for frame_id, body in requests)
            while data:
                cut = chance.randint(1, 40)
                supervisor.sock.sendall(data[:cut])
                data = data[cut:]

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    barrier = threading.Barrier(10)

    def call(number: int) -> bool:
        right = True
        for count in range(calls_per_thread):
            barrier.wait(DEADLINE_S)
            key = f"{number}-{count}"
            reply = comms.request(variable(key))
            right = right and reply is not None and reply["value"] == key
        return right

    assert in_threads(10, call) == [True] * 10
    server.join(DEADLINE_S)


def test_ids_rise(ends: tuple[Comms, Supervisor]) -> None:
    """The ids of requests rise, and start above the id of StartupDetails."""
    comms, supervisor = ends
    frame_ids = []

    def serve() -> None:
        for _ in range(5):
            frame_id, _ = supervisor.receive()
            frame_ids.append(frame_id)
            supervisor.answer(frame_id)

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    for _ in range(5):
        assert comms.request(variable()) is None
    server.join(DEADLINE_S)
    assert frame_ids == [1, 2, 3, 4, 5]


ERRORS = [
    ("VARIABLE_NOT_FOUND", VariableNotFound),
    ("PERMISSION_DENIED", PermissionDenied),
    ("API_SERVER_ERROR", ApiServerError),
    ("SOMETHING_NEW", SupervisorError),
]


@pytest.mark.parametrize("place", ["body", "error"])
@pytest.mark.parametrize(("code", "kind"), ERRORS)
def test_error_replies_are_typed(
    ends: tuple[Comms, Supervisor], place: str, code: str, kind: type[SupervisorError]
) -> None:
    """An ErrorResponse, as body or third element, raises the exception for its code."""
    comms, supervisor = ends
    error = {"type": "ErrorResponse", "error": code, "detail": {"status_code": 418}}
    supervisor.answer(1, *((error, None) if place == "body" else (None, error)))
    with pytest.raises(SupervisorError, match=rf"'k'.*{code}") as caught:
        comms.request(variable())
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.detail) == (code, {"status_code": 418})


def test_vanished_supervisor_unblocks_every_call(ends: tuple[Comms, Supervisor]) -> None:
    """If the supervisor closes the socket, every waiting and later call raises at once."""
    comms, supervisor = ends

    def hang_up() -> None:
        for _ in range(5):
            supervisor.receive()
        supervisor.sock.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=hang_up, daemon=True)
    thread.start()
    outcomes = in_threads(5, lambda _: comms.request(variable()))
    assert [type(outcome) for outcome in outcomes] == [ConnectionLostError] * 5
    with pytest.raises(ConnectionLostError):
        comms.request(variable())


@pytest.mark.parametrize("reply", [b"\xff\xff\xff\xff", pack("no frame"), pack([99, None, None])])
def test_malformed_reply_unblocks_every_call(ends: tuple[Comms, Supervisor], reply: bytes) -> None:
    """A reply that is not a frame, or has an unknown id, ends every call with a protocol error."""
    comms, supervisor = ends

    def spoil() -> None:
        for _ in range(3):
            supervisor.receive()
        supervisor.sock.sendall(reply)

    thread = threading.Thread(target=spoil, daemon=True)
    thread.start()
    outcomes = in_threads(3, lambda _: comms.request(variable()))
    assert [type(outcome) for outcome in outcomes] == [RemoteProtocolError] * 3


def test_wait_is_bounded_and_a_late_reply_is_dropped(ends: tuple[Comms, Supervisor]) -> None:
    """A call raises if its reply is late. The late reply is dropped."""
    comms, supervisor = ends
    comms.reply_timeout_s = 0.05
    with pytest.raises(ReplyTimeoutError, match=r"0\.05 s to answer GetVariable"):
        comms.request(variable("late"))
    comms.reply_timeout_s = DEADLINE_S
    supervisor.answer(1, {"type": "R", "value": "late"})
    supervisor.answer(2, {"type": "R", "value": "in time"})
    assert comms.request(variable()) == {"type": "R", "value": "in time"}


def test_a_call_gives_up_alone(ends: tuple[Comms, Supervisor]) -> None:
    """While one thread reads the socket for all, the others keep their own time limits."""
    comms, supervisor = ends
    started = threading.Event()

    def wait_long() -> object:
        started.set()
        return comms.request(variable("long"))

    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(wait_long()), daemon=True)
    thread.start()
    assert supervisor.receive()[1]["key"] == "long"
    comms.reply_timeout_s = 0.05
    with pytest.raises(ReplyTimeoutError):
        comms.request(variable("short"))
    supervisor.answer(1, {"type": "R"})
    thread.join(DEADLINE_S)
    assert results == [{"type": "R"}]


def test_peer_that_does_not_read(ends: tuple[Comms, Supervisor]) -> None:
    """A call raises if nothing of its frame is read in time. Nothing is sent after half a frame."""
    comms, supervisor = ends
    comms.reply_timeout_s = 0.05
    large = {**variable(), "key": "x" * 10_000_000}
    with pytest.raises(ConnectionLostError, match=r"read nothing of a frame for 0\.05 s"):
        comms.request(large)
    with pytest.raises(ConnectionLostError):
        comms.request(variable())
    supervisor.sock.setblocking(False)
    received = 0
    with contextlib.suppress(BlockingIOError):
        while chunk := supervisor.sock.recv(1 << 20):
            received += len(chunk)
    assert 0 < received < 10_000_000


def test_a_slow_reader_is_not_given_up(ends: tuple[Comms, Supervisor]) -> None:
    """A frame may take many times the time limit, as long as the supervisor reads something of it in that time."""
    comms, supervisor = ends
    comms.reply_timeout_s = 1.0
    results: list[object] = []
    key = "x" * 3_000_000
    thread = threading.Thread(target=lambda: results.append(comms.request(variable(key))), daemon=True)
    began = time.monotonic()
    thread.start()
    left = len(pack([1, variable(key)]))
    while left:
        time.sleep(0.05)  # a slow reader
        left -= len(supervisor.sock.recv(50_000))
    assert time.monotonic() - began > 2 * comms.reply_timeout_s
    supervisor.answer(1, {"type": "R"})
    thread.join(DEADLINE_S)
    assert results == [{"type": "R"}]


def test_a_slow_reply_is_not_given_up(ends: tuple[Comms, Supervisor]) -> None:
    """A reply may take many times the time limit, as long as some of it arrives in that time."""
    comms, supervisor = ends
    comms.reply_timeout_s = 1.0
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(comms.request(variable())), daemon=True)
    thread.start()
    supervisor.receive()
    reply = pack([1, {"type": "R", "value": "x" * 1000}])
    for start in range(0, len(reply), 20):
        time.sleep(0.05)  # a slow writer
        supervisor.sock.sendall(reply[start : start + 20])
    thread.join(DEADLINE_S)
    assert results == [{"type": "R", "value": "x" * 1000}]


def test_the_supervisor_may_write_before_it_reads(ends: tuple[Comms, Supervisor]) -> None:
    """While a frame is sent, replies are read: the supervisor may read only after it has written its own frame."""
    comms, supervisor = ends
    comms.reply_timeout_s = 0.05
    with pytest.raises(ReplyTimeoutError):
        comms.request(variable("given up"))
    comms.reply_timeout_s = DEADLINE_S
    assert supervisor.receive()[0] == 1

    def serve() -> None:
        supervisor.answer(1, {"type": "R", "value": "x" * 10_000_000})
        assert supervisor.receive()[0] == 2
        supervisor.answer(2, {"type": "R"})

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert comms.request(variable("y" * 10_000_000)) == {"type": "R"}
    thread.join(DEADLINE_S)


class _InterruptedError(Exception):
    """Raised by a signal handler."""


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("makes_a_call", [False, True])
def test_interrupted_frames_stay_whole(makes_a_call: bool) -> None:
    """A handler that raises, or makes a call, while frames are sent: the supervisor receives whole frames, in order."""
    ours, theirs = socket.socketpair()
    cancellation = Cancellation()
    comms = Comms(ours, cancellation, reply_timeout_s=DEADLINE_S)
    supervisor = Supervisor(theirs)
    received: list[str] = []

    def serve() -> None:
        with contextlib.suppress(AssertionError, OSError):
            while True:
                frame_id, body = supervisor.receive()
                received.append(body["key"])
                supervisor.answer(frame_id, {"type": "R", "value": body["key"]})

    def handle(_number: int, _frame: object) -> None:
        if makes_a_call:
            assert comms.request(variable("from the handler")) == {"type": "R", "value": "from the handler"}
        raise _InterruptedError

    server = threading.Thread(target=serve, daemon=True)
    timer = signal.getitimer(signal.ITIMER_REAL)
    keys = [f"{number}-" + "x" * 3_000_000 for number in range(20)]
    completed: list[str] = []
    with StopSignals(cancellation):
        original = signal.signal(signal.SIGALRM, handle)
        cancellation.arm()
        server.start()
        for key in keys:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.002)
                assert comms.request(variable(key)) == {"type": "R", "value": key}
                completed.append(key)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except _InterruptedError:
                pass
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert comms.request(variable("last")) == {"type": "R", "value": "last"}
        cancellation.is_armed = False
        signal.signal(signal.SIGALRM, original)
    signal.setitimer(signal.ITIMER_REAL, *timer)
    comms.close()
    server.join(DEADLINE_S)
    theirs.close()
    assert len(completed) < len(keys)
    arrived = [key for key in received if key not in ("from the handler", "last")]
    assert arrived == [key for key in keys if key in arrived]  # an early interruption comes before the frame is queued
    assert set(completed) <= set(arrived)
    assert received[-1] == "last"


def test_closed_socket_whose_number_is_used_again(ends: tuple[Comms, Supervisor]) -> None:
    """If the author closes the socket, and another one gets its number, nothing is sent to or closed in that one."""
    comms, _ = ends
    number = comms.fileno()
    other, other_end = socket.socketpair()
    with other, other_end:
        os.dup2(other.fileno(), number)
        for _ in range(2):
            with pytest.raises(ConnectionLostError, match=r"the task closed the connection .* os\.closerange"):
                comms.request(variable())
        comms.close()
        os.close(number)  # it is still open
        other_end.setblocking(False)
        with pytest.raises(BlockingIOError):
            other_end.recv(1)


def test_a_call_from_a_finalizer(ends: tuple[Comms, Supervisor]) -> None:
    """A finalizer that interrupts a call in the middle of its frame gets an error, and the call goes on."""
    comms, supervisor = ends
    errors: list[Exception] = []

    class Part(bytes):
        def __len__(self) -> int:
            if not errors:
                try:
                    comms.request(variable("from the finalizer"))
                except LocalProtocolError as error:
                    errors.append(error)
            return super().__len__()

    comms._queue.extend((Part(b"\0\0\0\1\xc0"), None))
    supervisor.answer(1, {"type": "R"})
    assert comms.request(variable()) == {"type": "R"}
    assert ["finalizer" in str(error) for error in errors] == [True]


@pytest.mark.parametrize("is_full", [True, False], ids=["before its first byte", "after some bytes"])
def test_peer_that_goes_while_a_frame_is_written(ends: tuple[Comms, Supervisor], is_full: bool) -> None:
    """If the supervisor ends while a frame is being sent, the call reports it as gone."""
    comms, supervisor = ends
    if is_full:
        with contextlib.suppress(BlockingIOError):
            while True:
                comms._sock.send(bytes(1 << 16))
    results: list[Any] = []
    thread = threading.Thread(
        target=lambda: results.extend(in_threads(1, lambda _: comms.request(variable("x" * 10_000_000)))), daemon=True
    )
    thread.start()
    assert supervisor.sock.recv(1)
    supervisor.sock.close()
    thread.join(DEADLINE_S)
    assert [type(result) for result in results] == [ConnectionLostError]


def test_large_frames_travel_both_ways(ends: tuple[Comms, Supervisor]) -> None:
    """An XCom of 50 MB is sent and received unchanged."""
    comms, supervisor = ends
    large = "x" * 50_000_000

    def echo() -> None:
        frame_id, body = supervisor.receive()
        supervisor.answer(frame_id, {"type": "R", "value": body["value"]})

    thread = threading.Thread(target=echo, daemon=True)
    thread.start()
    coordinates = {"key": "k", "dag_id": "d", "run_id": "r", "task_id": "t"}
    reply = comms.request({"type": "SetXCom", "value": large, **coordinates})
    assert reply is not None
    assert reply["value"] == large
    thread.join(DEADLINE_S)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "Unheard"},
        {"type": "GetVariable"},
        {"type": "GetVariable", "key": 3},
        {"type": "GetVariable", "key": "k", "extra": 1},
        {"type": "SetXCom", "key": "k", "dag_id": "d", "run_id": "r", "task_id": "t", "value": object()},
        {"type": "SetXCom", "key": "k", "dag_id": "d", "run_id": "r", "task_id": "t", "value": 2**70},
    ],
)
def test_bad_bodies_are_not_sent(ends: tuple[Comms, Supervisor], body: dict[str, Any]) -> None:
    """A body that the supervisor would refuse is not sent at all."""
    comms, supervisor = ends
    with pytest.raises(LocalProtocolError, match="nothing was sent"):
        comms.request(body)
    supervisor.sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        supervisor.sock.recv(1)


def test_reset_connection_is_lost() -> None:
    """A reset of the socket, on reading or writing, is reported as a lost connection."""
    server = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(server.getsockname())
    theirs = server.accept()[0]
    comms = Comms(ours, Cancellation(), reply_timeout_s=DEADLINE_S)
    ours.send(b"unread")
    assert theirs.recv(1, socket.MSG_PEEK)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    theirs.close()
    for _ in range(2):
        with pytest.raises(ConnectionLostError):
            comms.request(variable())
    comms.close()
    server.close()


def test_carrier(ends: tuple[Comms, Supervisor]) -> None:
    """The trace context is the third element of every request. Without it, a request has two elements."""
    comms, supervisor = ends
    carrier = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    for given in (None, {}, carrier):
        comms.carrier = given
        thread = threading.Thread(target=comms.request, args=(variable(),), daemon=True)
        thread.start()
        frame_id, _ = supervisor.receive()
        supervisor.answer(frame_id)
        thread.join(DEADLINE_S)
    assert supervisor.carriers == [carrier]
