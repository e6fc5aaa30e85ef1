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
    """A stop signal sets `cancelled`, runs the cleanups, interrupts the task and ends this try."""
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
        message = peer.finish()
        assert (message["type"], message["retry_reason"]) == (
            "RetryTask",
            f"the task was asked to stop: {number.name}",
        )
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


@pytest.mark.parametrize("options", ["", "execution_timeout=3600.0"], ids=["without limit", "with limit"])
def test_vanished_supervisor_stops_the_task(tmp_path: Path, options: str) -> None:
    """A task that computes is stopped when the supervisor closes the sockets, and the process ends."""
    tasks = f"""
@dag.task({options})
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


def test_vanished_supervisor_ends_a_task_that_python_cannot_interrupt(tmp_path: Path) -> None:
    """A task that is in C code for a long time, as in a query of a database, is ended after a few seconds, too."""
    tasks = """
import hashlib
def say_ready(clock, now):
    while time.clock_gettime(clock) < now + 0.1:
        time.sleep(0.01)
    log.info("ready")
@dag.task
def t():
    clock = time.pthread_getcpuclockid(threading.get_ident())
    threading.Thread(target=say_ready, args=(clock, time.clock_gettime(clock)), daemon=True).start()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 1 << 30)
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


def test_timer_that_still_runs_does_not_change_the_status(tmp_path: Path) -> None:
    """A task that leaves a timer with a handler ends with status 0, although Python restores the default handlers."""
    tasks = """
import signal
@dag.task
def t():
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        assert peer.finish()["type"] == "SucceedTask"


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


@pytest.mark.parametrize(
    "leave",
    [
        "multiprocessing.get_context('fork').Pool(2)",
        "concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context('fork')).submit(abs, 1).result()",
        "multiprocessing.get_context('fork').Manager().list()",
        "os.fork() or outlive(os.getppid())",
    ],
    ids=["Pool", "ProcessPoolExecutor", "Manager", "os.fork"],
)
def test_forked_children_do_not_hold_up_the_end(tmp_path: Path, leave: str) -> None:
    """A task that leaves forked children ends at once, although they have inherited the runtime's pipes."""
    tasks = f"""
import concurrent.futures, multiprocessing, os
def outlive(parent):
    while os.getppid() == parent:
        time.sleep(0.05)
    os._exit(0)
@dag.task
def t():
    globals()["left"] = {leave}
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        assert peer.finish()["type"] == "SucceedTask"
        assert peer.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_handler_of_the_author_is_called_once(tmp_path: Path, number: signal.Signals) -> None:
    """The author's own handler is called once for each signal, and `getsignal` returns it."""
    tasks = f"""
import signal
calls = []
def handle(number, frame):
    calls.append(number)
@dag.task
def t():
    signal.signal({int(number)}, handle)
    assert signal.getsignal({int(number)}) is handle
    log.info("ready")
    while not calls:
        time.sleep(0.01)
    time.sleep(2)  # in the time of many repeated signals
    log.info("calls: %s", calls)
    assert signal.signal({int(number)}, signal.SIG_IGN) is handle
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        peer.record("ready")
        peer.process.send_signal(number)
        assert peer.finish()["type"] == "SucceedTask"
        assert f"calls: [{int(number)}]" in peer.events()


def test_handler_of_the_author_that_exits(tmp_path: Path) -> None:
    """`sys.exit(0)` in the author's handler of SIGTERM fails the task, with a terminal message."""
    tasks = """
import signal, sys
@dag.task
def t(client: Client):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    log.info("ready")
    client.get_variable("slow")
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        peer.record("ready")
        peer.expect("GetVariable")
        peer.process.send_signal(signal.SIGTERM)
        assert peer.finish()["state"] == "failed"


def test_handler_of_the_author_after_the_task(tmp_path: Path) -> None:
    """A handler that raises after the task's function has returned is logged, and does not change the outcome."""
    tasks = """
import signal, sys
@dag.task
def t():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    return "x"
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        frame_id, _ = peer.expect("SetXCom")
        peer.process.send_signal(signal.SIGTERM)
        peer.record("A signal handler failed, but not in the task")
        peer.send(frame_id)
        assert peer.finish()["type"] == "SucceedTask"


def test_handlers_in_a_forked_child(tmp_path: Path) -> None:
    """In a forked child, signals and the author's handlers behave as in any Python program."""
    tasks = """
import os, signal
@dag.task
def t():
    signal.signal(signal.SIGUSR1, lambda *_: os._exit(7))
    reader, writer = os.pipe()
    statuses = []
    for number in (signal.SIGUSR1, signal.SIGTERM):
        child = os.fork()
        if not child:
            os.write(writer, b".")
            time.sleep(60)
            os._exit(9)
        os.read(reader, 1)
        os.kill(child, number)
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    log.info("statuses: %s", statuses)
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        assert peer.finish()["type"] == "SucceedTask"
        assert "statuses: [7, -15]" in peer.events()


def test_swallowed_time_limit(tmp_path: Path) -> None:
    """`except Exception` does not swallow the time limit, and a task that swallows it nevertheless has failed."""
    tasks = """
@dag.task(execution_timeout=1.0)
def polite():
    for item in range(100):
        try: time.sleep(1)
        except Exception: log.info("swallowed")
@dag.task(execution_timeout=0.2)
def rude():
    try: time.sleep(60)
    except BaseException: log.info("swallowed")
    return "late"
@dag.task(execution_timeout=0.2)
def confused():
    try: time.sleep(60)
    except BaseException: log.info("swallowed")
    raise ValueError("another reason")
"""
    project = write_project(tmp_path, tasks)
    for task_id, events in (("polite", 0), ("rude", 1), ("confused", 1)):
        with Peer(project) as peer:
            peer.start(task_id)
            assert peer.finish()["state"] == "failed"
            assert peer.events().count("swallowed") == events
            assert "Task failed with TaskTimeout" in peer.events()[-1]
