"""One task, which runs the code that it finds in its environment. tests/trust starts it, frozen and unfrozen."""

import atexit
import concurrent.futures
import ctypes
import logging
import logging.config
import multiprocessing
import os
import posix
import resource
import signal
import subprocess
import sys
import threading
import time

from dagfloe import *  # noqa: F403

log = logging.getLogger("tasks")
bundle = Bundle()  # noqa: F405
dag = bundle.dag("d")
exec(os.environ.get("TRAP_AT_IMPORT", ""))  # noqa: S102


def log_records(number):
    """Run in a child process: log two records of 50 KB."""
    logging.getLogger("child").error("child %s %s", number, "x" * 50_000)
    return number


def sleep_long(*_):
    """Run in a child process that outlives the task."""
    time.sleep(600)


def pool(method):
    """Leave a pool of two processes."""
    left = multiprocessing.get_context(method).Pool(2)
    left.map(abs, [1, -2])
    globals()["left"] = left


def executor(method):
    """Leave an executor with a process."""
    left = concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context(method))
    left.submit(abs, 1).result()
    globals()["left"] = left


def daemon():
    """Leave a process that has left the task's session, without starting a program."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            sleep_long()
        os._exit(0)


@dag.task
def t(client: Client, context: Context):  # noqa: F405
    """Run the code, and return what it names `result`."""
    names = {**globals(), "client": client, "context": context}
    exec(os.environ.get("TRAP", ""), names)  # noqa: S102
    return names.get("result")
