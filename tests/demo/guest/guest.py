"""Tasks that use their host: worker processes, programs, files and certificates; and one that ends in many ways."""

from __future__ import annotations

import atexit
import ctypes
import faulthandler
import importlib.metadata
import json
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from dagfloe import Bundle, Client

if os.environ.get("ENDING") == "os._exit(0) at import":
    os._exit(0)

bundle = Bundle()
dag = bundle.dag("guest")


def square(number: int) -> int:
    return number * number


@dag.task
def spawn() -> list[int]:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return pool.map(square, [1, 2, 3])


def talk(number: int) -> int:
    print("printed", number)
    print("password swordfish", number, flush=True)
    logging.getLogger("worker").warning("logged %s", number)
    sys.stderr.write(f"written {number}\n")
    print("unfinished", number, end="", flush=True)
    return number


@dag.task
def workers(client: Client) -> list[int]:
    """Workers of every kind that print and log."""
    client.mask_secret("swordfish")
    numbers = []
    for start, method in enumerate(("fork", "spawn", "forkserver")):
        process = multiprocessing.get_context(method).Process(target=talk, args=(10 * start,))
        process.start()
        process.join()
        with multiprocessing.get_context(method).Pool(2) as pool:
            numbers += pool.map(talk, range(10 * start + 1, 10 * start + 9), 1)
            pool.close()
            pool.join()
    return numbers


@dag.task
def program() -> dict[str, str | None]:
    code = "import os; print(os.environ.get('LD_LIBRARY_PATH'))"
    answer = subprocess.run(["python3", "-c", code], capture_output=True, text=True, check=True)
    return {"child": answer.stdout.strip(), "own": os.environ.get("LD_LIBRARY_PATH")}


@dag.task
def write_in_c() -> int:
    """Write to the standard streams as C code does."""
    library = ctypes.CDLL(None)
    return sum(library.write(number, b"written in C\n", 13) > 0 for number in (1, 2))


@dag.task
def load_library() -> int:
    """Load a library that is on the library path."""
    return ctypes.CDLL("libanswer.so").answer()


@dag.task
def files() -> dict[str, str | None]:
    note = (Path(__file__).parent / "texts" / "note.txt").read_text()
    return {"note": note, "version": importlib.metadata.version("iniconfig"), "certs": os.environ.get("SSL_CERT_FILE")}


@dag.task
def segfault() -> None:
    print("last words")
    os.kill(os.getpid(), signal.SIGSEGV)


@dag.task
def exit() -> None:
    print("last words")
    os._exit(7)


@dag.task
def library() -> dict[str, bool]:
    import inspect
    import pkgutil

    frame = inspect.stack()[0]
    names = [module.name for module in pkgutil.iter_modules(__import__("dagfloe").__path__)]
    return {"source": frame.function == "library", "modules": "errors" in names}


@dag.task
def wait() -> None:
    print(f"pids {os.getpid()} {os.getppid()} {sys._MEIPASS}")
    threading.Event().wait()


@dag.task
def square_of_two() -> int:
    return 4


def children() -> Iterator[int]:
    """Start processes of different kinds, and yield their pids."""
    quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    yield subprocess.Popen(["sleep", "300"], **quiet).pid
    yield subprocess.Popen(["sleep", "300"], start_new_session=True, **quiet).pid
    yield subprocess.Popen(["/bin/sleep", "300"], env={}, **quiet).pid
    for method in ("spawn", "fork"):
        worker = multiprocessing.get_context(method).Process(target=time.sleep, args=(300,), daemon=True)
        worker.start()
        yield worker.pid
    yield daemon()


def daemon() -> int:
    """Fork a process that leaves the group of this one, and starts no program."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        while True:
            time.sleep(300)
    return pid


@dag.task
def ending(client: Client, log: logging.Logger) -> None:
    """Start processes, then end in the way that the variable ENDING names: see support/deaths.py."""
    kind = os.environ["ENDING"]
    pids = {"own": os.getpid(), "parent": os.getppid(), "children": list(children())}
    log.info("pids %s", json.dumps(pids))
    client.get_variable("go")
    log.info("last words")
    if kind == "exception":
        raise RuntimeError("not today")
    elif kind == "SystemExit":
        raise SystemExit(3)
    elif kind == "segmentation fault":
        faulthandler._sigsegv()
    elif kind == "abort":
        os.abort()
    elif kind == "os._exit":
        os._exit(7)
    elif kind == "os._exit(0)":
        os._exit(0)
    elif kind == "out of memory":
        hoard = []
        while True:
            hoard.append(bytearray(os.urandom(1 << 20)))
    elif kind == "deaf":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        log.info("deaf now")
        while True:
            signal.sigtimedwait({signal.SIGUSR1}, 300)
    elif kind == "wait":
        log.info("waiting")
        threading.Event().wait()


@dag.task
def leave(log: logging.Logger) -> int:
    """End with status 0 and no terminal message, in the way that the variable ENDING names."""
    kind = os.environ["ENDING"]
    log.info("last words")
    if kind == "os._exit(0)":
        os._exit(0)
    elif kind == "posix._exit(0)":
        from posix import _exit

        _exit(0)
    elif kind == "os._exit(256)":
        os._exit(256)
    elif kind == "_exit of the C library":
        ctypes.CDLL(None)._exit(0)
    elif kind == "execv":
        os.execv("/bin/true", ["true"])
    elif kind == "thread":
        threading.Thread(target=os._exit, args=(0,)).start()
        time.sleep(300)
    elif kind == "handler":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        log.info("waiting")
        while True:
            time.sleep(300)
    return 1


@dag.task
def end_badly() -> int:
    """Return, and let an exit handler end the process in the way that the variable ENDING names."""
    kind = os.environ["ENDING"]
    if kind == "segmentation fault":
        atexit.register(faulthandler._sigsegv)
    elif kind == "os._exit(7)":
        atexit.register(os._exit, 7)
    return 1


@dag.task
def forked(log: logging.Logger) -> int:
    """Leave processes that were forked in the way that the variable ENDING names, and return."""
    global left
    kind = os.environ["ENDING"]
    context = multiprocessing.get_context("fork")
    if kind == "Pool":
        left = context.Pool(2)
        left.apply(square, [2])
    elif kind == "ProcessPoolExecutor":
        from concurrent.futures import ProcessPoolExecutor

        left = ProcessPoolExecutor(2, mp_context=context)
        left.submit(square, 2).result()
    elif kind == "Manager":
        left = context.Manager()
        left.list([1])
    elif kind == "os.fork":
        daemon()
    elif kind == "child that returns" and os.fork() == 0:
        return 2
    return 1
