"""The exit status of a bundle is 0 only if the supervisor has received a terminal message."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from support.peer import Peer, startup, until

if TYPE_CHECKING:
    from pathlib import Path

ONE_FILE = "one file"
#: Less than the time after which the runtime and the launcher end a process that goes on after its task.
SOON_S = 8.0
LOST = b"the supervisor received no terminal message: the status is 1 instead"


@pytest.mark.parametrize(
    ("kind", "is_guarded_in_one_file"),
    [
        ("os._exit(0)", True),
        ("os._exit(0) at import", True),
        ("os._exit(256)", True),
        ("posix._exit(0)", True),
        ("thread", True),
        ("_exit of the C library", False),
        ("execv", False),
    ],
)
def test_end_without_a_terminal_message(guest: Path, form: str, kind: str, *, is_guarded_in_one_file: bool) -> None:
    """A process that ends itself with status 0 before it delivered a terminal message fails.

    The one-file form has no launcher that waits, so it cannot notice what Python does not see.
    """
    with Peer([str(guest)], {"ENDING": kind}) as peer:
        if "import" not in kind:
            peer.send(0, startup("leave", "guest"))
        status = peer.wait()
        assert status == (1 if form != ONE_FILE or is_guarded_in_one_file else 0)
        assert peer.comm.recv(1) == b""
        if "import" not in kind:
            assert "last words" in peer.events()
        assert peer.process.stderr
        assert (LOST in peer.process.stderr.read()) == (form != ONE_FILE and not is_guarded_in_one_file)


def test_exit_in_a_signal_handler(guest: Path) -> None:
    """If the task's own handler of SIGTERM exits with status 0, the task has failed."""
    with Peer([str(guest)], {"ENDING": "handler"}) as peer:
        peer.send(0, startup("leave", "guest"))
        peer.record("waiting")
        peer.process.send_signal(signal.SIGTERM)
        body = terminal_message(peer)
        status = peer.wait()
    assert (status, body and body["state"]) in [(0, "failed"), (1, None)]


def terminal_message(peer: Peer) -> dict[str, Any] | None:
    """Receive and confirm the terminal message; None if the process ends without one."""
    try:
        frame_id, body = peer.receive()
    except EOFError:
        return None
    assert frame_id == 0
    peer.send(0)
    return body


@pytest.mark.parametrize(
    ("kind", "status"), [("os._exit(7)", 7), ("segmentation fault", -signal.SIGSEGV), ("nothing", 0)]
)
def test_end_after_the_terminal_message(guest: Path, form: str, kind: str, status: int) -> None:
    """Once the terminal message is delivered, the launcher returns 0, even if the process crashes on its way out."""
    with Peer([str(guest)], {"ENDING": kind}) as peer:
        peer.send(0, startup("end_badly", "guest"))
        frame_id, _ = peer.expect("SetXCom")
        peer.send(frame_id)
        body = terminal_message(peer)
        assert body
        assert body["type"] == "SucceedTask"
        assert peer.wait() == (status if form == ONE_FILE else 0)


@pytest.mark.parametrize("kind", ["Pool", "ProcessPoolExecutor", "Manager", "os.fork"])
def test_task_that_leaves_forked_processes(guest: Path, tmp_path: Path, kind: str) -> None:
    """A task that leaves forked processes ends at once, and they end with it.

    Without the fix, it ended only when Airflow or the launcher killed it, 15 s or more after its terminal message.
    """
    with Peer([str(guest)], {"ENDING": kind, "TMPDIR": str(tmp_path)}) as peer:
        peer.send(0, startup("forked", "guest"))
        frame_id, body = peer.expect("SetXCom")
        assert body["value"] == 1
        peer.send(frame_id)
        frame_id, body = peer.receive()
        assert (frame_id, body["type"]) == (0, "SucceedTask")
        peer.send(0)
        assert peer.process.wait(SOON_S) == 0
    until(lambda: not any(tmp_path.iterdir()), "the end of the folders")


def test_forked_child_that_returns(guest: Path) -> None:
    """A forked child that returns from the task function sends nothing, and does not change the task's end."""
    with Peer([str(guest)], {"ENDING": "child that returns"}) as peer:
        peer.send(0, startup("forked", "guest"))
        frame_id, body = peer.expect("SetXCom")
        assert body["value"] == 1
        peer.send(frame_id)
        assert peer.finish()["type"] == "SucceedTask"
