"""What a worker process of multiprocessing receives. The tests of the log, beside these, start real workers."""

from __future__ import annotations

import marshal
import os
import socket
from multiprocessing import util
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.cancellation import Cancellation
from dagfloe.masking import Secrets
from dagfloe.runtime.log.levels import Levels
from dagfloe.runtime.log.output import Output
from dagfloe.runtime.process.workers import join_by_argument, share_with_workers

if TYPE_CHECKING:
    from collections.abc import Iterator

FORKSERVER = ["program", "-c", "from multiprocessing.forkserver import main; main()"]


class Starts:
    """The starts of programs, and what they read from the last descriptor that they receive."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], list[int]]] = []
        self.fields: dict[str, Any] = {}

    def __call__(self, _path: bytes, arguments: list[str], descriptors: list[int]) -> int:
        """Note a start."""
        self.calls.append((arguments, descriptors))
        if len(descriptors) > 1:
            self.fields = marshal.loads(os.pread(descriptors[-1], 10_000, 0))  # noqa: S302 - our own data
        return 1


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Starts:
    """Replaces the function that starts programs."""
    starts = Starts()
    monkeypatch.setattr(util, "spawnv_passfds", starts)
    return starts


@pytest.fixture
def output() -> Iterator[Output]:
    """The output of a task that knows a secret."""
    ours, theirs = socket.socketpair()
    secrets = Secrets()
    secrets.add("swordfish")
    output = Output(Cancellation(), secrets, Levels(20, {"a": 10}))
    output.channel.connect(ours)
    with theirs:
        yield output
        output.channel.close()


@pytest.mark.parametrize("frozen", [True, False])
def test_workers_receive_the_socket(
    starts: Starts, output: Output, monkeypatch: pytest.MonkeyPatch, *, frozen: bool
) -> None:
    """A worker receives the socket, its lock, the levels and the secrets. No argument contains a secret."""
    monkeypatch.setattr("sys.frozen", frozen, raising=False)
    share_with_workers(output)
    share_with_workers(output)
    assert util.spawnv_passfds(b"program", FORKSERVER, [5]) == 1
    ((arguments, descriptors),) = starts.calls
    handover = output.channel.handover()
    assert handover is not None
    assert descriptors[:3] == [5, *handover]
    assert (starts.fields["descriptors"], starts.fields["root"], starts.fields["namespaces"]) == (
        handover,
        20,
        {"a": 10},
    )
    assert "swordfish" in starts.fields["secrets"]
    assert "swordfish" not in "".join(arguments)
    if frozen:
        assert arguments == ["program", f"--dagfloe-logs={descriptors[3]}", *FORKSERVER[1:]]
    else:
        assert f"join({descriptors[3]})" in arguments[2]
        assert arguments[2].endswith(FORKSERVER[2])
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(descriptors[3])


def test_others_receive_nothing(starts: Starts, output: Output) -> None:
    """The tracker of resources receives no socket, and nobody does after the socket was given up."""
    share_with_workers(output)
    tracker = ["program", "-c", "from multiprocessing.resource_tracker import main; main(3)"]
    util.spawnv_passfds(b"program", tracker, [5])
    output.channel.close()
    util.spawnv_passfds(b"program", FORKSERVER, [5])
    assert starts.calls == [(tracker, [5]), (FORKSERVER, [5])]


def test_worker_without_descriptors() -> None:
    """A frozen worker that received no open file works, and its other arguments stay."""
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    arguments = ["program", f"--dagfloe-logs={writer}", "--multiprocessing-fork", "pipe_handle=3"]
    join_by_argument(arguments)
    assert arguments == ["program", "--multiprocessing-fork", "pipe_handle=3"]
    join_by_argument(arguments)
    assert len(arguments) == 3
