"""The ways in which a task starts processes and leaves them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from faults import hows, stage

kept = []
QUIET = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(300)"


def double(number):
    return 2 * number


def sleep_forever():
    time.sleep(300)


def keep_pool(method):
    pool = multiprocessing.get_context(method).Pool(2)
    assert pool.map(double, [1, 2]) == [2, 4]
    kept.append(pool)


def keep_process(method):
    process = multiprocessing.get_context(method).Process(target=sleep_forever)
    process.start()
    kept.append(process)


def keep_executor(method):
    executor = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method))
    assert list(executor.map(double, [1, 2])) == [2, 4]
    executor.submit(sleep_forever)
    kept.append(executor)


def keep_manager(method):
    manager = multiprocessing.get_context(method).Manager()
    manager.dict()["a"] = 1
    kept.append(manager)


def fork(function):
    """Fork; the child calls a function, and then returns as the parent does."""
    pid = os.fork()
    if pid == 0:
        function()
    return pid


def fork_and_wait(function):
    pid = fork(lambda: (function(), os._exit(0)))
    os.waitpid(pid, 0)


def stopped_child():
    pid = fork(lambda: (os.kill(os.getpid(), signal.SIGSTOP), os._exit(0)))
    os.waitpid(pid, os.WUNTRACED)


def deaf_child():
    python = "python3" if getattr(sys, "frozen", False) else sys.executable
    process = subprocess.Popen(
        [python, "-c", DEAF], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout.readline() == "deaf\n"
    kept.append(process)


def daemon():
    def detach():
        os.setsid()
        if os.fork():
            os._exit(0)
        for descriptor in range(3):
            os.dup2(os.open("/dev/null", os.O_RDWR), descriptor)
        time.sleep(300)
        os._exit(0)

    os.waitpid(fork(detach), 0)


def killed_worker():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as executor:
        executor.submit(os.kill, os.getpid(), 0).result()
        executor.submit(hows.send, signal.SIGKILL).result()


def half_line():
    """A forked child dies while it writes a long record."""

    def write():
        import logging

        os.set_blocking(1, False)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        while True:
            logging.getLogger("child").info("x" * 50_000)

    os.waitpid(fork(lambda: (write(), os._exit(0))), 0)


def late_writer():
    def write():
        stage.hold("late")
        print("from a late child", flush=True)
        os._exit(0)

    fork(write)


CHILDREN = {
    "fork: Pool": lambda: keep_pool("fork"),
    "spawn: Pool": lambda: keep_pool("spawn"),
    "forkserver: Pool": lambda: keep_pool("forkserver"),
    "fork: Process": lambda: keep_process("fork"),
    "spawn: Process": lambda: keep_process("spawn"),
    "fork: ProcessPoolExecutor": lambda: keep_executor("fork"),
    "spawn: ProcessPoolExecutor": lambda: keep_executor("spawn"),
    "fork: Manager": lambda: keep_manager("fork"),
    "spawn: Manager": lambda: keep_manager("spawn"),
    "os.fork: sleeps": lambda: fork(sleep_forever),
    "os.fork: returns from the task": lambda: fork(lambda: None),
    "os.fork: raises in the task": lambda: fork(lambda: hows.raise_(RuntimeError("in the child"))),
    "os.fork: SystemExit(0)": lambda: fork(lambda: sys.exit(0)),
    "os.fork: os._exit(0)": lambda: fork_and_wait(lambda: os._exit(0)),
    "os.fork: SIGKILL": lambda: fork_and_wait(lambda: hows.send(signal.SIGKILL)),
    "os.fork: SIGTERM": lambda: fork_and_wait(lambda: hows.send(signal.SIGTERM)),
    "os.fork: closes all descriptors": lambda: fork_and_wait(hows.close),
    "os.fork: stopped": stopped_child,
    "os.fork: dies within a log line": half_line,
    "os.fork: prints after the end": late_writer,
    "subprocess: ignores SIGTERM": deaf_child,
    "subprocess: own session": lambda: kept.append(subprocess.Popen(["sleep", "300"], start_new_session=True, **QUIET)),
    "subprocess: empty environment": lambda: kept.append(subprocess.Popen(["/bin/sleep", "300"], env={}, **QUIET)),
    "a daemon": daemon,
    "a killed worker of a pool": killed_worker,
}
