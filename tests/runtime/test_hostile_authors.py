"""Author's code that works against the runtime: a terminal message is delivered, or the status is not 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.peer import Peer, write_project

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """
import asyncio, builtins, gc, sys
class Meta(type):
    @property
    def __name__(cls): raise SystemExit(0)
    def __instancecheck__(cls, other): raise SystemExit(0)
def hostile(kind, method, base=Exception):
    def raise_it(*_): raise kind(0)
    value = raise_it if method in ("__str__", "__repr__", "__getattribute__") else property(raise_it)
    return Meta("Hostile", (base,), {method: value})("why")
def hook(*_): raise SystemExit(0)
"""
#: What a task does, and the states that it may end in.
TASKS = {
    **{
        f"{method} raises {kind}": (f"raise hostile({kind}, {method!r})", {"failed"})
        for method in ("__str__", "__repr__", "__notes__", "args", "__cause__", "__class__", "__getattribute__")
        for kind in ("SystemExit", "KeyboardInterrupt", "asyncio.CancelledError", "TaskCancelled")
    },
    "skipped without a str": ("raise hostile(SystemExit, '__str__', TaskSkipped)", {"skipped"}),
    "failed without a str": ("raise hostile(SystemExit, '__str__', TaskFailed)", {"failed"}),
    "endless group": ("raise endless()", {"failed"}),
    "trace function": ("sys.settrace(hook)", {"success", "failed"}),
    "profile function": ("sys.setprofile(hook)", {"success", "failed"}),
    "low recursion limit": ("low()", {"success"}),
    "low recursion limit, then raise": ("low(); raise ValueError('why')", {"failed"}),
    "gc": ("gc.disable(); gc.collect = None", {"success"}),
    "modules": ("sys.modules.clear()", {"success", "failed"}),
    "modules, then raise": ("sys.modules.clear(); raise ValueError('why')", {"failed"}),
    "modules, then defer": ("sys.modules.clear(); raise TaskDeferred('a.T')", {"deferred", "failed"}),
    "builtins": ("builtins.str = builtins.isinstance = builtins.type = None", {"success", "failed"}),
    "import": ("builtins.__import__ = None; raise ValueError('why')", {"failed"}),
    "environment": ("os.environ.clear(); os.environ = None", {"success"}),
    "time": ("time.time = time.monotonic = time.sleep = None", {"success"}),
    "frozen time": ("time.time = time.monotonic = lambda: 0.0", {"success"}),
    "threads": ("threading.Thread = threading.Timer = threading.Lock = None", {"success"}),
    "finalizer": ("global bad; bad = Bad()", {"success"}),
    "exit function": ("import atexit; atexit.register(hook)", {"success"}),
    "hooks": ("sys.excepthook = sys.unraisablehook = threading.excepthook = hook", {"success"}),
    "streams": ("sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None", {"success"}),
    "broken streams": ("sys.stdout = sys.stderr = Broken()", {"success"}),
    "no poll": ("import select; del select.poll; return 1", {"success"}),
    "standard streams": ("sys.stdout.close(); sys.stderr.close(); os.close(1); os.close(2)", {"success"}),
    "closed descriptors": ("os.closerange(3, 51); raise TaskDeferred('a.T')", {"deferred"}),
    "descriptors, then return": ("global files; files = use_up(); return {'a': [1]}", {"success"}),
    "descriptors, then skip": ("global files; files = use_up(); raise TaskSkipped('s')", {"skipped"}),
    "descriptors, then raise": ("global files; files = use_up(); raise ValueError('v')", {"failed"}),
    "descriptors, then defer": ("global files; files = use_up(); raise TaskDeferred('a.T', timeout=5)", {"deferred"}),
    "folder": (
        "import tempfile; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d); raise ValueError('why')",
        {"failed"},
    ),
    "value whose bool exits": ("return hostile(SystemExit, '__bool__')", {"failed"}),
    "dict whose items exit": ("return Items()", {"success", "failed"}),
    "exit in a thread": ("t = threading.Thread(target=hook); t.start(); t.join()", {"success"}),
    "signals of the main thread": ("import _thread; _thread.interrupt_main(); time.sleep(5)", {"failed"}),
}
BODY = """
class Bad:
    def __del__(self): raise SystemExit(0)
class Broken:
    closed = False
    def write(self, text): raise SystemExit(0)
    def flush(self): raise SystemExit(0)
class Items(dict):
    def items(self): raise SystemExit(0)
    __iter__ = __len__ = keys = values = items
def endless():
    class Endless(Exception):
        @property
        def __cause__(self): return Endless()
        exceptions = property(lambda self: (Endless(), Endless()))
    return Endless()
def use_up():
    files = []
    try:
        while True: files.append(os.open("/dev/null", os.O_RDONLY))
    except OSError: return files
def low():
    for limit in range(10, 200):
        try: sys.setrecursionlimit(limit)
        except RecursionError: continue
        break
"""


@pytest.mark.parametrize("name", TASKS)
def test_a_terminal_message_is_delivered(tmp_path: Path, name: str) -> None:
    """A task that works against the runtime still ends with a terminal message and status 0."""
    code, states = TASKS[name]
    with Peer(write_project(tmp_path, f"{HEAD}{BODY}\n@dag.task\ndef t():\n    {code}\n")) as peer:
        peer.start()
        assert answer_all(peer)["state"] in states
        assert peer.wait() == 0
        if "raise" in code:
            assert peer.record("Task ")


CALLBACKS = {
    "exits": "raise SystemExit(0)",
    "interrupts": "raise KeyboardInterrupt",
    "stops": "raise TaskCancelled('again')",
    "forks": "child = os.fork(); os.waitpid(child, 0) if child else None; return",
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_cleanup_callbacks(tmp_path: Path, name: str) -> None:
    """A cleanup callback that raises anything, also when it is shown, or forks, does not change how the task stops."""
    tasks = f"""
class Callback:
    def __call__(self):
        {CALLBACKS[name]}
    def __repr__(self): raise SystemExit(0)
@dag.task
def t(context: Context):
    context.on_cancel(Callback())
    context.on_cancel(lambda: print("cleaned"))
    os.kill(os.getpid(), 15)
    time.sleep(20)
"""
    with Peer(write_project(tmp_path, HEAD + tasks)) as peer:
        peer.start()
        assert answer_all(peer)["state"] == "failed"
        assert peer.wait() == 0
        peer.record("cleaned")
        peer.record("Task stopped")


@pytest.mark.parametrize(
    ("end", "state"),
    [
        ("return", "success"),
        ("raise ValueError('why')", "failed"),
        ("client.poke(lambda: False)", "up_for_reschedule"),
    ],
)
def test_replaced_dates(tmp_path: Path, end: str, state: str) -> None:
    """A task that replaces `datetime` everywhere, as freezegun does, ends at the real time."""
    tasks = f"""
import datetime, sys
class Frozen(datetime.datetime):
    @classmethod
    def now(cls, tz=None): return cls(1999, 1, 2, tzinfo=tz)
@dag.task
def t(client: Client):
    real = datetime.datetime
    for module in [*sys.modules.values()]:
        for name, value in [*vars(module).items()]:
            if value is real: setattr(module, name, Frozen)
    {end}
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        message: Any = answer_all(peer)
        assert message["state"] == state
        assert message["end_date"].year > 2025
        assert peer.wait() == 0


def answer_all(peer: Peer) -> dict[str, object]:
    """Answer every frame; return the terminal message."""
    frame_id = -1
    body: dict[str, object] = {}
    while frame_id:
        frame_id, body = peer.receive()
        peer.send(frame_id)
    return body


POLICIES = {
    "exits": "raise SystemExit(0)",
    "interrupts": "raise KeyboardInterrupt",
    "stops": "raise TaskCancelled('no')",
    "returns 5": "return 5",
    "returns a class": "return RetryDecision",
    "returns an evasive object": "return hostile(SystemExit, '__class__')",
    "infinite delay": "return RetryDecision.retry(float('inf'))",
    "delay of centuries": "return RetryDecision.retry(1e300)",
    "negative delay": "return RetryDecision.retry(-5)",
    "nan": "return RetryDecision.retry(float('nan'))",
    "delay that is text": "return RetryDecision.retry('5')",
    "reason of another type": "return RetryDecision.retry(reason=5)",
    "unknown action": "return RetryDecision(action='maybe')",
}


@pytest.mark.parametrize("name", POLICIES)
def test_policies_that_fail(tmp_path: Path, name: str) -> None:
    """After a policy that raises anything, or returns what cannot be sent, Airflow's own rule applies."""
    tasks = f"{HEAD}\ndef policy(error, number): {POLICIES[name]}\n@dag.task(retry_policy=policy)\ndef t(): 1 / 0"
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start(should_retry=True)
        message = peer.finish()
        assert (message["state"], message["retry_reason"]) == ("up_for_retry", "ZeroDivisionError: division by zero")
        assert "retry_delay_seconds" not in message
        assert peer.record("The retry policy failed: ")["level"] == "error"


@pytest.mark.parametrize("action", ["retry", "fail"])
def test_reasons_that_a_database_cannot_store(tmp_path: Path, action: str) -> None:
    """Lone surrogates and NULs in a policy's reason are escaped."""
    tasks = f"""
def policy(error, number): return RetryDecision.{action}(reason='a\\ud800b\\0c')
@dag.task(retry_policy=policy)
def t(): 1 / 0
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start(should_retry=True)
        message = peer.finish()
        assert message["state"] == {"retry": "up_for_retry", "fail": "failed"}[action]
        assert message.get("retry_reason", "a\\ud800b\\x00c") == "a\\ud800b\\x00c"


#: Statements at the module's top level, which end the import or what comes after it.
MODULES = ["raise SystemExit(0)", "raise KeyboardInterrupt", "raise hostile(SystemExit, '__str__')", "sys.exit()"]


@pytest.mark.parametrize("code", MODULES)
def test_modules_that_exit(tmp_path: Path, code: str) -> None:
    """If the import ends with any exception, no frame is sent and the status is 1."""
    with Peer(write_project(tmp_path, HEAD + code)) as peer:
        peer.start()
        peer.silent_end()
        assert peer.record("The task cannot begin")["exception"]


#: What leaves too little of Python for a terminal message.
RUINS = {
    "all builtins": "vars(builtins).clear()",
    "functions of os": "os.write = os.close = os.getpid = os.kill = os._exit = None",
    "all of os": "vars(os).clear()",
    "all of the runtime": "[vars(module).clear() for name, module in [*sys.modules.items()] if 'dagfloe.' in name]",
}


@pytest.mark.parametrize("name", RUINS)
def test_ruined_interpreter(tmp_path: Path, name: str) -> None:
    """If so much of Python is gone that no terminal message can be made, the status is not 0."""
    with Peer(write_project(tmp_path, f"{HEAD}\n@dag.task\ndef t():\n    {RUINS[name]}\n")) as peer:
        peer.start()
        is_delivered = True
        try:
            answer_all(peer)
        except (EOFError, ConnectionError):
            is_delivered = False
        assert (peer.wait() == 0) == is_delivered


@pytest.mark.parametrize("module", ["server", "task_runner"])
@pytest.mark.parametrize("kind", ["SystemExit(0)", "KeyboardInterrupt()", "GeneratorExit()"])
def test_exceptions_in_the_runtime(tmp_path: Path, module: str, kind: str) -> None:
    """An exception at any line of the runtime ends with a terminal message, or with a status other than 0."""
    tasks = f"""
import sys
count = int(os.environ["COUNT"])
def trace(frame, event, argument):
    global count
    if frame.f_globals.get("__name__") != "dagfloe.runtime.{module}":
        return None
    return step
def step(frame, event, argument):
    global count
    if event == "line":
        count -= 1
        if count == 0:
            sys.settrace(None)
            raise {kind}
    return step
@dag.task
def t():
    sys.settrace(trace)
    frame = sys._getframe()
    while frame:
        if frame.f_globals.get("__name__") == "dagfloe.runtime.{module}":
            frame.f_trace = step
        frame = frame.f_back
"""
    seen = set()
    for count in (*range(1, 12), 14, 18, 25, 40, 1000):
        with Peer(write_project(tmp_path, tasks), {"COUNT": str(count)}) as peer:
            peer.start()
            try:
                message = answer_all(peer)
            except EOFError:
                message = {}
            status = peer.wait()
            assert (status == 0) == bool(message), (count, message, status)
            seen.add((status, message.get("state")))
    assert (0, "success") in seen
    assert {status for status, _ in seen} <= {0, 1}
