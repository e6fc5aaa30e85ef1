"""Stopping a task: signals, shields, a supervisor that is gone; over real sockets, unfrozen."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from support.peer import Peer, write_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("blocked_in", ["time.sleep(60)", "threading.Event().wait(60)", "client.get_variable('slow')"])
def test_stop_signal(tmp_path: Path, number: signal.Signals, blocked_in: str) -> None:
    """A stop signal sets `cancelled`, runs the cleanups, interrupts the task and fails it."""
    tasks = f"""
@dag.task
def t(client: Client, context: Context):
    context.on_cancel(lambda: log.info("cleanup, cancelled=%s", context.cancelled))
    context.on_cancel(lambda: 1 / 0)
    context.on_cancel(lambda: client.delete_xcom("partial"))
    try:
        log.info("ready")
        {blocked_in}
    except Exception:
        log.info("swallowed")
    finally:
        log.info("unwound")
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start(should_retry=True)
        peer.record("ready")
        if "client" in blocked_in:
            peer.expect("GetVariable")
        peer.process.send_signal(number)
        frame_id, _ = peer.expect("DeleteXCom")
        peer.process.send_signal(number)  # another signal does not interrupt the cleanup
        peer.send(frame_id)
        assert peer.finish()["state"] == "failed"
        events = peer.events()
    assert events[1] == "cleanup, cancelled=True"
    assert "A cleanup callback failed" in events[2]
    assert events[3] == "unwound"
    assert number.name in events[4]


def test_stop_that_another_thread_took(tmp_path: Path) -> None:
    """A stop signal reaches the task even if another thread receives it."""
    tasks = """
import signal
@dag.task
def t():
    def take():
        stat = f"/proc/self/task/{threading.main_thread().native_id}/stat"
        asleep = 0
        while asleep < 20:
            time.sleep(0.01)
            asleep = asleep + 1 if open(stat).read().split()[2] == "S" else 0
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    threading.Thread(target=take, daemon=True).start()
    threading.Event().wait()
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        assert peer.finish()["state"] == "failed"
        assert "SIGTERM" in peer.events()[-1]


def test_shield_defers_a_stop(tmp_path: Path) -> None:
    """Inside a shield, a stop only sets `cancelled`. It is delivered at the end of the block."""
    tasks = """
@dag.task
def t(context: Context):
    with context.shield():
        with context.shield():
            log.info("ready")
            while not context.cancelled: time.sleep(0.01)
        log.info("finished the block")
    log.info("not reached")
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        peer.record("ready")
        peer.process.send_signal(signal.SIGTERM)
        assert peer.finish()["state"] == "failed"
        events = peer.events()
    assert "finished the block" in events
    assert "not reached" not in events


def test_task_that_ignores_a_stop_can_be_killed(tmp_path: Path) -> None:
    """A task that ignores the stop continues until SIGKILL ends it."""
    tasks = """
@dag.task
def t(context: Context):
    try:
        log.info("ready")
        time.sleep(60)
    except BaseException: log.info("ignored")
    time.sleep(60)
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        peer.record("ready")
        peer.process.send_signal(signal.SIGTERM)
        peer.record("ignored")
        peer.process.kill()
        assert peer.wait() == -signal.SIGKILL


def test_stop_while_the_module_is_imported(tmp_path: Path) -> None:
    """A stop during the import of the module ends the process with status 1 and no frame."""
    with Peer(write_project(tmp_path, "log.warning('importing'); time.sleep(60)")) as peer:
        peer.record("importing")
        peer.process.send_signal(signal.SIGTERM)
        peer.silent_end()
        assert "Stopped before the task began" in peer.events()[-1]


def test_stop_while_waiting_for_the_first_frame(tmp_path: Path) -> None:
    """A stop before the first frame ends the process with status 1 and no frame."""
    with Peer(write_project(tmp_path, "log.warning('imported')\n@dag.task\ndef t(): pass")) as peer:
        peer.record("imported")
        peer.process.send_signal(signal.SIGINT)
        peer.silent_end()


def test_vanished_supervisor_stops_the_task(tmp_path: Path) -> None:
    """A task that computes is stopped when the supervisor closes the sockets, and the process ends."""
    tasks = """
@dag.task
def t():
    try:
        log.info("ready")
        time.sleep(60)
    finally: os.write(1, b"unwound")
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        peer.record("ready")
        peer.comm.close()
        stdout, _ = peer.process.communicate(timeout=20)
        assert (peer.process.returncode, stdout) == (1, b"unwound")


def test_vanished_supervisor_ends_a_task_that_goes_on(tmp_path: Path) -> None:
    """A task that ignores this stop is ended after a few seconds."""
    tasks = """

@dag.task
def t():
    while True:
        try:
            log.info("ready")
            time.sleep(60)
        except BaseException: pass
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        peer.record("ready")
        peer.comm.close()
        assert peer.wait() == 1


def test_stop_after_the_end_does_not_change_the_status(tmp_path: Path) -> None:
    """A signal after the delivery of the terminal message does not change the exit status 0."""
    tasks = """
import atexit, signal
atexit.register(lambda: (os.write(1, b"ending"), signal.raise_signal(signal.SIGTERM)))
@dag.task
def t(): pass
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        assert peer.finish()["type"] == "SucceedTask"
        assert peer.process.communicate(timeout=20)[0] == b"ending"


def test_stop_while_an_import_failure_is_logged(tmp_path: Path) -> None:
    """A stop that arrives while the runtime handles a failed import is logged, without a traceback on stderr."""
    module = """
import signal
class Stopping(Exception):
    def __str__(self):
        signal.raise_signal(signal.SIGTERM)
        for _ in range(1000):
            pass
        return "unreachable"
raise Stopping
"""
    with Peer(write_project(tmp_path, module)) as peer:
        assert peer.wait() == 1
        assert "Stopped before the task began" in peer.events()[-1]
        assert peer.process.stderr is not None
        assert b"Traceback" not in peer.process.stderr.read()
