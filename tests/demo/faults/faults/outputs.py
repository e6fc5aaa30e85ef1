"""Many records from many writers, and secrets in every form."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import urllib.parse
from concurrent.futures import ProcessPoolExecutor

log = logging.getLogger("torture")
WRITERS, LINES = 4, 100
LARGE = "y" * 50_000


def log_lines(writer, size=0, count=LINES):
    for number in range(count):
        log.info("<%s-%d>%s", writer, number, "y" * size)


def print_lines(writer, count=LINES):
    for number in range(count):
        print(f"<{writer}-{number}>")


def threads(function):
    workers = [threading.Thread(target=function, args=(number,)) for number in range(WRITERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def processes(method, function, *arguments):
    context = multiprocessing.get_context(method)
    workers = [context.Process(target=function, args=(number, *arguments)) for number in range(WRITERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def forks(function):
    pids = []
    for number in range(WRITERS):
        pid = os.fork()
        if pid == 0:
            function(number)
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)


def executor(method):
    with ProcessPoolExecutor(WRITERS, mp_context=multiprocessing.get_context(method)) as pool:
        list(pool.map(log_lines, range(WRITERS)))


def print_without_end(number):
    print(f"<{number}-0>", end="", flush=True)


def interrupts():
    """Records while a handler of the author's raises again and again."""
    lost = 0

    def handler(*_):
        raise ValueError("interrupt")

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.003)
    for number in range(WRITERS * LINES):
        while True:
            try:
                log.info("<0-%d>", number)
            except ValueError:
                lost += 1
                continue
            break
    signal.setitimer(signal.ITIMER_REAL, 0)


def mixed():
    threads(print_lines)
    forks(lambda number: log_lines(number + WRITERS))


TORTURES = {
    "threads log": lambda: threads(log_lines),
    "threads print": lambda: threads(print_lines),
    "threads log 50 KB": lambda: threads(lambda number: log_lines(number, 50_000, 20)),
    "os.fork children log": lambda: forks(log_lines),
    "os.fork children log 50 KB": lambda: forks(lambda number: log_lines(number, 50_000, 20)),
    "os.fork children print": lambda: forks(print_lines),
    "os.fork children print without a newline": lambda: forks(print_without_end),
    "fork processes log": lambda: processes("fork", log_lines),
    "spawn processes log": lambda: processes("spawn", log_lines),
    "spawn processes log 50 KB": lambda: processes("spawn", log_lines, 50_000, 20),
    "spawn processes print": lambda: processes("spawn", print_lines),
    "forkserver processes log": lambda: processes("forkserver", log_lines),
    "executor (fork) logs": lambda: executor("fork"),
    "executor (spawn) logs": lambda: executor("spawn"),
    "a handler interrupts": interrupts,
    "threads, then os.fork children": mixed,
}


def forms(secret):
    """A secret in the forms in which it leaves programs."""
    return {
        "plain": secret,
        "URL-encoded": urllib.parse.quote(secret, safe=""),
        "JSON": json.dumps({"p": secret}),
        "repr": repr({"p": secret}),
    }


class Talkative:
    def __init__(self, secret):
        self.secret = secret

    def __repr__(self):
        return f"Talkative({self.secret})"


def out_raw(text):
    """Write to the descriptor itself, as C code does."""
    os.write(1, text.encode() + b"\n")


def out_child(text):
    subprocess.run(["/bin/sh", "-c", 'printf "%s\\n" "$1" >&2', "sh", text], check=True)


def out_split(text):
    """Write a text in two parts without a newline between them."""
    sys.stdout.write(text[: len(text) // 2])
    sys.stdout.flush()
    sys.stdout.write(text[len(text) // 2 :] + "\n")


def out_exception(text):
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("failed with %s", text)


def out_extra(text):
    log.info("with an extra", extra={"detail": {"deep": [text]}, "object": Talkative(text)})


def out_thread(text):
    worker = threading.Thread(target=lambda: (_ for _ in ()).throw(ValueError(text)).__next__())
    worker.start()
    worker.join()


def out_fork(text):
    forks(lambda _number: (print(text, flush=True), log.info(text)))


def out_spawn(text):
    worker = multiprocessing.get_context("spawn").Process(target=spawned, args=(text,))
    worker.start()
    worker.join()


def spawned(text):
    print(text, flush=True)
    log.info(text)


OUTPUTS = {
    "log record": lambda text: log.info("value %s", text),
    "print": print,
    "stderr": lambda text: print(text, file=sys.stderr),
    "print in two parts": out_split,
    "exception": out_exception,
    "extra": out_extra,
    "exception of a thread": out_thread,
    "warning": lambda text: __import__("warnings").warn(text, stacklevel=2),
    "os.fork child": out_fork,
    "spawn child": out_spawn,
}
