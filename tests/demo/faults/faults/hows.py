"""The ways to fail, by name. Each function fails, or damages the process and returns."""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import signal
import socket
import threading
import time


class Hostile(Exception):
    """An exception that nobody can describe."""

    def __str__(self):
        raise SystemExit(0)

    __repr__ = __str__

    @property
    def __notes__(self):
        raise KeyboardInterrupt


def raise_(error):
    raise error


def send(number):
    os.kill(os.getpid(), number)
    time.sleep(0.05)  # the handler runs between two instructions


def silence():
    """Block without an end, in pieces, because a handler of a signal runs only between them."""
    while True:
        time.sleep(0.05)


def close():
    os.closerange(3, 256)


def half_close():
    for name in os.listdir("/proc/self/fd"):
        try:
            copy = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        with copy:
            if copy.family == socket.AF_INET:
                copy.shutdown(socket.SHUT_WR)


def freeze_clock():
    for name in ("monotonic", "time", "perf_counter"):
        setattr(time, name, lambda: 1_700_000_000.0)


kept = []


def use_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    try:
        while True:
            kept.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass


def use_memory():
    """Leave so little memory that the next large object does not fit."""
    pages = int(open("/proc/self/statm").read().split()[0])
    limit = pages * resource.getpagesize() + (1 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
    kept.append(bytearray(64 << 20))


def limit_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


HOWS = {
    "exception": lambda: raise_(RuntimeError("sprung")),
    "SystemExit(0)": lambda: raise_(SystemExit(0)),
    "KeyboardInterrupt": lambda: raise_(KeyboardInterrupt()),
    "CancelledError": lambda: raise_(asyncio.CancelledError()),
    "hostile exception": lambda: raise_(Hostile()),
    "os._exit(0)": lambda: os._exit(0),
    "os._exit(7)": lambda: os._exit(7),
    "SIGTERM": lambda: send(signal.SIGTERM),
    "SIGINT": lambda: send(signal.SIGINT),
    "SIGKILL": lambda: send(signal.SIGKILL),
    "segmentation fault": lambda: ctypes.string_at(0),
    "SIGSTOP": lambda: send(signal.SIGSTOP),
    "close": close,
    "half close": half_close,
    "silence": silence,
    "frozen clock": freeze_clock,
    "no descriptors": use_descriptors,
    "no memory": use_memory,
    "no file size": limit_files,
    "nothing": lambda: None,
}


def in_thread_after_main(function):
    """Call a function on a thread that outlives the main thread, as Python's own shutdown sees it."""

    def run():
        threading.main_thread().join()
        function()

    threading.Thread(target=run, name="late").start()
