"""What a program in plain Python delivers, a task delivers, too: the same function, run both ways."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from support.peer import write_project
from support.side_by_side import missing_lines, run_command, run_plain, run_task

if TYPE_CHECKING:
    from pathlib import Path


def test_prints_and_records(tmp_path: Path) -> None:
    """Printed lines and records arrive."""
    code = """
def t():
    print("printed")
    log.info("logged")
    sys.stderr.write("written\\n")
"""
    assert not missing_lines(tmp_path, code)


def test_threads_that_print(tmp_path: Path) -> None:
    """Lines that threads print at the same time are not mixed up."""
    code = """
def talk(name):
    for number in range(300):
        print(name, number, "".join([name, str(number), name]))
def t():
    threads = [threading.Thread(target=talk, args=(name * 20,)) for name in "abcdefghijkl"]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""
    lines = run_task(tmp_path, code).lines()
    names = [letter * 20 for letter in "abcdefghijkl"]
    assert lines == {f"{name} {number} {name}{number}{name}": 1 for name in names for number in range(300)}


def test_unfinished_line_of_a_thread(tmp_path: Path) -> None:
    """A line that a thread does not finish arrives when the thread ends."""
    code = """
def t():
    for number in range(3):
        thread = threading.Thread(target=lambda: print("thread", number, end=""))
        thread.start(); thread.join()
        print("joined")
"""
    assert run_task(tmp_path, code).events == ["thread 0", "joined", "thread 1", "joined", "thread 2", "joined"]


@pytest.mark.parametrize(
    "ending",
    [
        "os._exit(0)",
        "os.execv('/bin/true', ['true'])",
        "threading.Thread(target=os._exit, args=(0,)).start(); time.sleep(60)",
        "sys.exit()",
        "pass",
    ],
)
def test_unfinished_line_at_the_end(tmp_path: Path, ending: str) -> None:
    """An unfinished line arrives, however the process ends."""
    code = f"""
def t():
    print("first")
    print("un", end="")
    print("finished", end="", flush=True)
    {ending}
"""
    assert not missing_lines(tmp_path, code)


def test_after_the_task(tmp_path: Path) -> None:
    """What threads, exit handlers and dying objects print and log after the task arrives, with masked secrets."""
    code = """
import atexit, logging.handlers
from dagfloe import *
class Dying:
    def __del__(self): print("deleted", 1)
dying = Dying()
def at_exit():
    print("printed at exit, password swordfish")
    log.info("logged at exit, password %s", "swordfish")
    memory.buffer.append(logging.makeLogRecord({"msg": "buffered", "levelno": 20, "levelname": "INFO"}))
    raise ValueError("raised at exit, swordfish")
def later():
    time.sleep(0.3)
    print("printed later, password swordfish")
    log.info("logged later, password %s", "swordfish")
    raise ValueError("raised later, swordfish")
def t(client: Client = None):
    global memory
    if client: client.mask_secret("swordfish")
    memory = logging.handlers.MemoryHandler(100, target=logging.getLogger().handlers[0])
    atexit.register(at_exit)
    threading.Thread(target=later, name="late").start()
"""
    plain, task = run_plain(tmp_path, code), run_task(tmp_path, code)
    assert task.status == 0
    is_source = re.compile(r"\s|Traceback|Exception")
    expected = {line.replace("swordfish", "***") for line in plain.lines() if not is_source.match(line)}
    lines = set(task.lines())
    assert {"ValueError: raised at exit, ***", "buffered", "deleted 1", "logged at exit, password ***"} <= lines
    assert expected - lines == {"ValueError: raised later, ***"}
    assert task.records[-1]["event"] == "deleted 1"
    record = next(record for record in task.records if "thread late" in record["event"])
    assert record["exception"][0]["exc_value"] == "raised later, ***"
    assert b"swordfish" not in task.logs
    assert task.stderr == task.stdout == b""


FORK = """
def t():
    children = []
    for number in range(4):
        child = os.fork()
        if not child:
            for item in range(40): log.info("%d-%d %s", number, item, "x" * 50_000)
            print("child", number, end="", flush=True)
            os._exit(0)
        children.append(child)
    for item in range(40): log.info("4-%d %s", item, "x" * 50_000)
    for child in children: os.waitpid(child, 0)
"""


def test_forked_children(tmp_path: Path) -> None:
    """Long records of a task and four forked children, and their unfinished lines, arrive whole."""
    output = run_task(tmp_path, FORK)
    records = {f"{number}-{item} {'x' * 50_000}": 1 for number in range(5) for item in range(40)}
    assert output.lines() == {**records, **{f"child {number}": 1 for number in range(4)}}
    assert output.stderr == b""


def test_threads_and_children(tmp_path: Path) -> None:
    """Lines of threads of several processes arrive whole. What was unfinished during the fork arrives once."""
    code = """
def talk(name):
    for number in range(50): log.info("%s-%d %s", name, number, name[0] * 2000); print(name, number)
def talk_all(names):
    threads = [threading.Thread(target=talk, args=(name,)) for name in names]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
def t():
    print("begun", end="", flush=True)
    before = threading.Thread(target=talk, args=("before",))
    before.start()
    child = os.fork()
    talk_all("abc" if child else "def")
    if not child: os._exit(0)
    before.join()
    os.waitpid(child, 0)
    print(" and ended")
"""
    output = run_task(tmp_path, code)
    names = ["before", *"abcdef"]
    records = [f"{name}-{number} {name[0] * 2000}" for name in names for number in range(50)]
    prints = [f"{name} {number}" for name in names for number in range(50)]
    assert output.lines() == dict.fromkeys([*records, *prints, "begun and ended"], 1)


WORKERS = """
import concurrent.futures, multiprocessing, warnings
def work(number):
    print("printed", number)
    print("flushed", number, flush=True)
    sys.stderr.write(f"written {number}\\n")
    logging.getLogger("work").warning("warned %s", number)
    logging.getLogger("work").critical("critical %s", number)
    if number == 2: raise ValueError("raised 2")
def end(number):
    work(number)
    print("unfinished", number, end="", flush=True)
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers(tmp_path: Path, method: str) -> None:
    """The output of processes of multiprocessing arrives, with the tracebacks of those that fail."""
    code = f"""{WORKERS}
def t():
    context = multiprocessing.get_context("{method}")
    for number in range(4):
        process = context.Process(target=end, args=(number,), name=f"worker-{{number}}")
        process.start(); process.join()
        print("\\nstatus", process.exitcode)
"""
    plain, task = run_plain(tmp_path, code), run_task(tmp_path, code)
    is_source = re.compile(r"\s+(File|\^|~)|Traceback")
    expected = {line for line in plain.lines() if not is_source.match(line)}
    assert len(expected) > 20
    assert expected <= set(task.lines())
    assert task.stderr == task.stdout == b""
    levels = {record["event"]: record["level"] for record in task.records}
    assert (levels["warned 1"], levels["critical 1"], levels["printed 1"]) == ("warning", "critical", "info")


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools(tmp_path: Path, method: str) -> None:
    """The output of the workers of pools arrives, and levels and secrets are those of the task."""
    code = f"""{WORKERS}
from dagfloe import *
def tell(number):
    work(number + 10)
    print("password swordfish", number)
    logging.getLogger("work").info("quiet %s", number)
    logging.getLogger("loud").debug("loud %s", number)
    return number
def t(client: Client):
    client.mask_secret("swordfish")
    context = multiprocessing.get_context("{method}")
    with concurrent.futures.ProcessPoolExecutor(3, mp_context=context) as pool:
        print(sum(pool.map(tell, range(30))))
    with context.Pool(2) as pool:
        print(sum(pool.map(tell, range(30, 60))))
        pool.close(); pool.join()
"""
    env = {"AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING", "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "loud=DEBUG"}
    task = run_task(tmp_path, code, env=env)
    lines = task.lines()
    for number in range(60):
        assert lines[f"password *** {number}"] == lines[f"loud {number}"] == 1
        assert lines[f"quiet {number}"] == 0
        for text in ("printed", "flushed", "written", "warned", "critical"):
            assert lines[f"{text} {number + 10}"] == 1
    assert task.stderr == task.stdout == b""
    assert b"swordfish" not in task.logs


STREAMS = {
    "logging.shutdown": "logging.shutdown(); log.info('after'); print('printed')",
    "basicConfig": "logging.basicConfig(force=True, level=20, format='%(levelname)s %(message)s'); log.info('set')",
    "redirect_stdout": """
    import contextlib, io
    with contextlib.redirect_stdout(io.StringIO()) as kept: print("kept")
    with contextlib.redirect_stdout(sys.stderr): print("to stderr")
    print(kept.getvalue() + "printed")
""",
    "detached": """
    import io
    sys.stdout = io.TextIOWrapper(sys.stdout.detach(), encoding="utf-8", write_through=False)
    print("in another stream"); print("unfinished", end="")
""",
    "another wrapper": """
    import io
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", line_buffering=True)
    print("in another stream")
""",
    "codecs": """
    import codecs
    sys.stdout = codecs.getwriter("utf-8")(sys.stdout.buffer)
    sys.stdout.write("through codecs\\n")
""",
    "fdopen": """
    file = os.fdopen(1, "w", closefd=False)
    file.write("to the descriptor\\n"); file.close()
    print("and the stream")
""",
    "closed": """
    print("before")
    sys.stdout.close()
    try: print("after")
    except ValueError as error: sys.stderr.write(f"{error}\\n")
""",
    "replaced": """
    class Tee:
        def __init__(self, stream): self.stream = stream
        def write(self, text): self.stream.write(text.upper())
        def flush(self): self.stream.flush()
    sys.stdout = Tee(sys.stdout)
    print("teed", 1)
""",
    "buffering": """
    sys.stdout.reconfigure(line_buffering=True, errors="replace")
    print("a", "b", sep="\\n", end="c\\n")
    sys.stdout.reconfigure(write_through=False, line_buffering=False)
    print("held back"); print("unfinished", end="")
""",
    "closed descriptors": """
    print("before", flush=True)
    os.close(1); os.close(2); os.close(0)
    files = [open("/dev/null", "w"), open("/dev/null", "w")]
    os.write(1, b"nowhere\\n"); os.write(2, b"nowhere\\n")
    os._exit(0)
""",
    "bytes": r"""
    sys.stdout.buffer.write(b"invalid \xff\xfe \xc3\x28 bytes\n")
    sys.stdout.buffer.writelines([b"one\n", bytearray(b"two\n"), memoryview(b"three\n")])
    print("nul \0 in a line"); print("\u20ac \U0001f600"); print("\x1b[1mbold\x1b[0m")
    sys.stdout.buffer.flush()
""",
    "open": "print('to a copy', file=open(os.dup(1), 'w')); print('to the original', file=sys.__stdout__)",
    "warnings": "import warnings; warnings.simplefilter('ignore'); warnings.warn('quiet'); print('printed')",
    "signals": "import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL); print('printed')",
}


@pytest.mark.parametrize("kind", STREAMS)
def test_streams(tmp_path: Path, kind: str) -> None:
    """Whatever the task does to the streams and to logging, every line arrives that plain Python delivers."""
    assert not missing_lines(tmp_path, f"def t():\n    {STREAMS[kind]}")


def test_descriptors_of_the_streams_can_be_replaced(tmp_path: Path) -> None:
    """Sockets that take the numbers of the standard streams get only what is written to these numbers."""
    code = """
def t():
    import socket
    os.close(1); os.close(2)
    pair = socket.socketpair()
    print("printed", pair[0].fileno(), pair[1].fileno()); log.info("logged")
    pair[1].setblocking(False)
    try: pair[1].recv(1)
    except BlockingIOError: log.info("nothing arrived")
    os.write(1, b"written")
    log.info("received %r", pair[1].recv(1000))
"""
    output = run_task(tmp_path, code)
    assert output.status == 0
    assert output.events == ["printed 1 2", "logged", "nothing arrived", "received b'written'"]


def test_closed_at_the_start(tmp_path: Path) -> None:
    """If the standard streams are closed at the start, what C code writes to them does not reach the sockets."""
    code = """
def t():
    for number in range(3): os.write(number, b"not for the supervisor")
    log.info("%s", os.system("echo not for the supervisor && echo not for the supervisor >&2"))
    print("printed"); sys.stderr.write("written\\n"); log.info("logged")
"""
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *write_project(tmp_path, f"{code}\ndag.task(t)\n")]
    output = run_command(command)
    assert output.status == 0
    assert output.events == ["0", "printed", "written", "logged"]


def test_no_descriptors_left(tmp_path: Path) -> None:
    """A task that has no descriptors left can fork, and its child can log."""
    code = """
def t():
    files = []
    try:
        while True: files.append(os.open("/dev/null", os.O_RDONLY))
    except OSError: pass
    child = os.fork()
    if not child:
        log.info("logged"); print("printed")
        os._exit(0)
    log.info("%s", os.waitpid(child, 0)[1])
"""
    command = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *write_project(tmp_path, f"{code}\ndag.task(t)\n")]
    output = run_command(command)
    assert output.status == 0
    assert sorted(output.events) == ["0", "logged", "printed"]


@pytest.mark.parametrize("end", ["\\n", ""])
def test_ten_megabytes(tmp_path: Path, end: str) -> None:
    """A very long line arrives whole, in parts."""
    text = "".join(f"{number:08}" for number in range(1_250_000))
    code = f"""
def t():
    print("".join(f"{{number:08}}" for number in range(1_250_000)), end="{end}")
    log.info("x" * 10_000_000)
"""
    output = run_task(tmp_path, code)
    long = next(event for event in output.events if event.startswith("x"))
    assert long == "x" * 65_536 + "... (10000000 characters)"
    assert "".join(event for event in output.events if event != long) == text


def test_daemon_threads_at_the_end(tmp_path: Path) -> None:
    """Daemon threads that log and print until the end do not keep the process from ending, and tear no line."""
    code = """
def talk(name):
    while True: log.info("%s", name * 3000); print(name * 100)
def t():
    for name in "abcd": threading.Thread(target=talk, args=(name,), daemon=True).start()
    time.sleep(0.02)
"""
    for _ in range(8):
        output = run_task(tmp_path, code)
        assert output.status == 0
        *whole, rest = output.logs.split(b"\n")
        assert rest == b""
        events = [json.loads(line)["event"] for line in whole]
        assert all(event == event[0] * len(event) and len(event) in (100, 3000) for event in events)
