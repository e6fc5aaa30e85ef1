"""The fault matrix as data: what fails, when and how, and what must be the result."""

from __future__ import annotations

import signal
from dataclasses import dataclass

#: What the supervisor computes from the process's end, beside the state of a terminal message.
LOST = "no message"


@dataclass(frozen=True)
class Fault:
    """One cell of the matrix.

    Attributes:
        who: who fails.
        when: when.
        how: how.
        state: the state in the terminal message, or `LOST` if there is none.
        status: the exit status.
        code: what the task does.
        at_import: what its module does when it is imported.
        act: what the supervisor does when the task logs `ready`: see `trust.trial`.
        log: a part of a record that says why; empty if the log cannot say it.
        limit: a command for the shell before the bundle starts, such as a `ulimit`.
        without_launcher: the status of an unfrozen run, which has no launcher that waits for it, if it differs.
        env: variables of the environment.
        only_frozen: why the fault cannot be produced unfrozen.
    """

    who: str
    when: str
    how: str
    state: str
    status: int = 0
    code: str = ""
    at_import: str = ""
    act: str = ""
    log: str = ""
    limit: str = ""
    without_launcher: int | None = None
    env: tuple[tuple[str, str], ...] = ()
    only_frozen: str = ""

    def __str__(self) -> str:
        return f"{self.who}, {self.when}: {self.how}"


_RAISING = "class E(Exception):\n    def __str__(self): raise {}\nraise E"
_NOTE = "e = ValueError('x'); e.__notes__ = property(lambda self: 1 / 0); raise e"
AUTHOR = "the task's code"
CHILD = "a child process"
COMM = "the supervisor's comm side"
LOGS = "the supervisor's logs side"
SUPERVISOR = "the supervisor"
HOST = "the host"
IN_TASK, AT_IMPORT, AT_END, IN_CALL, AFTER = "in the task", "at import", "at the return", "in a call", "after the end"
_WAIT = "log.info('ready'); time.sleep(60)"
_PUSH = "log.info('ready'); client.xcom.set('big', 'x' * 20_000_000)"

FAULTS = (
    # The code of the author, with every way to leave
    Fault(AUTHOR, IN_TASK, "returns", "success", code="result = 1"),
    Fault(AUTHOR, IN_TASK, "raises an exception", "failed", code="1 / 0", log="ZeroDivisionError"),
    Fault(AUTHOR, IN_TASK, "`sys.exit(0)`", "failed", code="sys.exit(0)", log="SystemExit"),
    Fault(AUTHOR, IN_TASK, "KeyboardInterrupt", "failed", code="raise KeyboardInterrupt", log="KeyboardInterrupt"),
    Fault(AUTHOR, IN_TASK, "GeneratorExit", "failed", code="raise GeneratorExit", log="GeneratorExit"),
    Fault(AUTHOR, IN_TASK, "`__str__` raises SystemExit", "failed", code=_RAISING.format("SystemExit(0)"), log="E"),
    Fault(AUTHOR, IN_TASK, "`__str__` raises KeyboardInterrupt", "failed", code=_RAISING.format("KeyboardInterrupt")),
    Fault(AUTHOR, IN_TASK, "broken `__notes__`", "failed", code=_NOTE, log="ValueError"),
    Fault(
        AUTHOR,
        IN_TASK,
        "skips with a broken reason",
        "skipped",
        code=_RAISING.replace("Exception", "TaskSkipped").format("SystemExit(0)"),
    ),
    Fault(AUTHOR, IN_TASK, "`os._exit(0)`", LOST, 1, code="os._exit(0)"),
    Fault(AUTHOR, IN_TASK, "`os._exit(7)`", LOST, 7, code="os._exit(7)"),
    Fault(
        AUTHOR, IN_TASK, "`_exit(0)` of the C library", LOST, 1, code="ctypes.CDLL(None)._exit(0)", without_launcher=0
    ),
    Fault(
        AUTHOR, IN_TASK, "becomes another program", LOST, 1, code="os.execv('/bin/true', ['true'])", without_launcher=0
    ),
    Fault(AUTHOR, IN_TASK, "a segmentation fault", LOST, -signal.SIGSEGV, code="ctypes.string_at(0)"),
    Fault(AUTHOR, IN_TASK, "`os.abort()`", LOST, -signal.SIGABRT, code="os.abort()"),
    Fault(AUTHOR, IN_TASK, "SIGKILL to itself", LOST, -signal.SIGKILL, code="os.kill(os.getpid(), 9)"),
    Fault(AUTHOR, AT_IMPORT, "raises an exception", LOST, 1, at_import="1 / 0", log="The task cannot begin"),
    Fault(AUTHOR, AT_IMPORT, "`sys.exit(0)`", LOST, 1, at_import="sys.exit(0)", log="The task cannot begin"),
    Fault(AUTHOR, AT_IMPORT, "`os._exit(0)`", LOST, 1, at_import="os._exit(0)"),
    Fault(
        AUTHOR,
        AT_IMPORT,
        "configures logging",
        "failed",
        at_import="logging.config.dictConfig({'version': 1})",
        code="1 / 0",
        log="ZeroDivisionError",
    ),
    Fault(
        AUTHOR,
        IN_TASK,
        "configures logging",
        "failed",
        code="logging.config.dictConfig({'version': 1}); 1 / 0",
        log="ZeroDivisionError",
    ),
    Fault(AUTHOR, IN_TASK, "disables logging", "failed", code="logging.disable(60); 1 / 0", log="ZeroDivisionError"),
    Fault(
        AUTHOR,
        IN_TASK,
        "a filter that raises",
        "skipped",
        code="f = lambda r: 1 / 0\nlogging.getLogger('dagfloe.task').addFilter(f)\n"
        "logging.root.handlers[0].addFilter(f)\nraise TaskSkipped('x')",
        log="skipped",
    ),
    Fault(AUTHOR, IN_TASK, "closes all files", LOST, 1, code="os.closerange(3, 60000)", without_launcher=1),
    Fault(AUTHOR, IN_TASK, "closes the files 3 to 50", "success", code="os.closerange(3, 51)"),
    Fault(
        AUTHOR,
        IN_TASK,
        "uses up the files, then returns",
        "success",
        code="try:\n    while True: os.open('/dev/null', 0)\nexcept OSError: pass",
    ),
    Fault(
        AUTHOR,
        IN_TASK,
        "uses up the files, then raises",
        "failed",
        code="while True: os.open('/dev/null', 0)",
        log="OSError",
    ),
    Fault(
        AUTHOR,
        IN_TASK,
        "replaces `time.monotonic`",
        "success",
        code="time.monotonic = time.time = lambda: 1.0\nclient.xcom.set('k', 1)",
    ),
    Fault(AUTHOR, IN_TASK, "clears `sys.modules`", "success", code="sys.modules.clear()"),
    Fault(
        AUTHOR,
        IN_TASK,
        "removes builtins, then raises",
        "failed",
        code="import builtins\nbuiltins.str = builtins.isinstance = None\nraise ValueError('x')",
        log="ValueError",
    ),
    Fault(
        AUTHOR,
        IN_TASK,
        "closes the standard streams",
        "failed",
        code="os.close(0); os.close(1); os.close(2)\n1 / 0",
        log="ZeroDivisionError",
    ),
    Fault(
        AUTHOR,
        IN_TASK,
        "a handler of SIGTERM that exits with 0",
        "failed",
        code=f"signal.signal(15, lambda *_: sys.exit(0))\n{_WAIT}",
        act="SIGTERM",
        log="SystemExit",
    ),
    Fault(
        AUTHOR,
        IN_CALL,
        "a handler that raises in a large push",
        "success",
        code="def h(*_): raise KeyError('h')\nsignal.signal(14, h)\nfor _ in range(5):\n    try:\n"
        "        signal.setitimer(0, 0.003)\n        client.xcom.set('big', 'x' * 20_000_000)\n"
        "    except KeyError: pass\nclient.xcom.set('last', 1)",
    ),
    Fault(
        AUTHOR,
        IN_CALL,
        "a handler that makes a call",
        "success",
        code="signal.signal(14, lambda *_: client.xcom.set('h', 1))\nsignal.setitimer(0, 0.003)\n"
        "client.xcom.set('big', 'x' * 20_000_000)",
    ),
    Fault(AUTHOR, AT_END, "returns what cannot be sent", "failed", code="result = object()", log="object"),
    Fault(AUTHOR, AT_END, "returns 2**70", "failed", code="result = 2**70"),
    Fault(
        AUTHOR,
        AT_END,
        "a date beyond the calendar",
        "failed",
        code="from datetime import *\n"
        "raise TaskRescheduled(datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))))",
    ),
    Fault(AUTHOR, AT_END, "a deferral without end", "failed", code="raise TaskDeferred('a.B', timeout=1e18)"),
    Fault(AUTHOR, AT_END, "a deferral with a negative time", "failed", code="raise TaskDeferred('a.B', timeout=-5)"),
    Fault(AUTHOR, AT_END, "a queue that is a number", "failed", code="raise TaskDeferred('a.B', queue=5)"),
    Fault(
        AUTHOR, AFTER, "`os._exit(5)` in `atexit`", "success", code="atexit.register(os._exit, 5)", without_launcher=5
    ),
    Fault(
        AUTHOR,
        AFTER,
        "a thread that never ends",
        "success",
        code="threading.Thread(target=threading.Event().wait).start()",
    ),
    Fault(AUTHOR, AFTER, "`atexit` prints", "success", code="atexit.register(print, 'late words')", log="late words"),
    # Child processes
    *(
        Fault(CHILD, AFTER, f"{name} with {method} is left", "success", code=f"{name}({method!r})")
        for name in ("pool", "executor")
        for method in ("fork", "spawn", "forkserver")
    ),
    Fault(CHILD, AFTER, "a forked one sleeps", "success", code="os.fork() or sleep_long()"),
    Fault(CHILD, AFTER, "a daemon without a program", "success", code="daemon()"),
    Fault(
        CHILD,
        AFTER,
        "a program that ignores SIGTERM",
        "success",
        code="subprocess.Popen(['sh', '-c', 'trap : TERM; while :; do sleep 1; done'])",
    ),
    Fault(CHILD, AFTER, "a stopped program", "success", code="subprocess.Popen(['sh', '-c', 'kill -STOP $$'])"),
    Fault(
        CHILD,
        IN_TASK,
        "a forked one returns from the function",
        "success",
        code="os.fork() or log.warning('in the child')\nresult = 1",
    ),
    Fault(CHILD, IN_TASK, "a forked one raises out of the function", "success", code="if os.fork() == 0: 1 / 0"),
    *(
        Fault(
            CHILD,
            IN_TASK,
            f"four log 50 KB each, {method}",
            "success",
            code=f"multiprocessing.get_context({method!r}).Pool(4).map(log_records, range(8), 1)",
            log="child 7",
        )
        for method in ("fork", "spawn", "forkserver")
    ),
    # The supervisor
    Fault(SUPERVISOR, IN_TASK, "sends SIGTERM", "failed", code=_WAIT, act="SIGTERM", log="SIGTERM"),
    Fault(SUPERVISOR, IN_TASK, "sends SIGINT", "failed", code=_WAIT, act="SIGINT", log="SIGINT"),
    Fault(SUPERVISOR, IN_TASK, "sends SIGKILL", LOST, -signal.SIGKILL, code=_WAIT, act="SIGKILL"),
    Fault(SUPERVISOR, IN_CALL, "sends SIGTERM in a large push", "failed", code=_PUSH, act="SIGTERM", log="SIGTERM"),
    Fault(
        SUPERVISOR,
        "before the first frame",
        "sends SIGTERM",
        LOST,
        1,
        act="SIGTERM at once",
        at_import="log.error('ready'); time.sleep(60)",
        log="Stopped before the task began",
    ),
    Fault(COMM, IN_TASK, "closes", LOST, 1, code=_WAIT, act="close comm", log="the supervisor is gone"),
    Fault(
        COMM, IN_TASK, "closes one way", "failed", 1, code=_WAIT, act="half-close comm", log="the supervisor is gone"
    ),
    Fault(COMM, IN_CALL, "closes in a large push", LOST, 1, code=_PUSH, act="close comm", log="the supervisor is gone"),
    Fault(COMM, IN_CALL, "sends garbage", LOST, 1, code="log.info('ready'); client.variables.get('x')", act="garbage"),
    Fault(COMM, IN_CALL, "reads slowly", "success", code=_PUSH, act="slow"),
    Fault(
        COMM,
        "before the first frame",
        "closes",
        LOST,
        1,
        act="close comm at once",
        at_import="log.error('ready')",
        log="The task cannot begin",
    ),
    Fault(
        LOGS,
        IN_TASK,
        "closes",
        "success",
        code="log.info('ready'); time.sleep(0.5); log.info('more')",
        act="close logs",
    ),
    Fault(
        LOGS,
        IN_TASK,
        "reads nothing, and SIGTERM comes",
        "failed",
        code="log.info('ready')\nwhile True: log.info('x' * 10_000)",
        act="deaf logs, SIGTERM",
    ),
    # The host
    Fault(
        HOST,
        "at the start",
        "the standard streams are closed",
        "success",
        limit="exec 0<&- 1>&- 2>&-; ",
        code="os.write(2, b'stray'); log.info('x')",
    ),
    Fault(HOST, "at the start", "few files may be open", "success", limit="ulimit -n 16; ", code="result = 1"),
    Fault(
        HOST,
        "at the start",
        "the locale is C, the time zone is unknown",
        "success",
        env=(("LC_ALL", "C"), ("TZ", "Nowhere/Here")),
        code="print('\\u20ac')",
        log="\u20ac",
    ),
    Fault(
        HOST,
        "at the start",
        "variables for another Python",
        "success",
        env=(
            ("PYTHONHOME", "/nowhere"),
            ("PYTHONPATH", "/nowhere"),
            ("PYTHONSTARTUP", "/nowhere"),
            ("PYTHONINSPECT", "1"),
        ),
        code="result = 1",
        only_frozen="they break the interpreter itself",
    ),
    Fault(
        HOST,
        IN_TASK,
        "the working folder is deleted",
        "failed",
        code="import tempfile\nf = tempfile.mkdtemp(); os.chdir(f); os.rmdir(f); 1 / 0",
        log="ZeroDivisionError",
    ),
    Fault(
        HOST,
        IN_TASK,
        "memory is limited",
        "failed",
        code="resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); bytearray(1 << 32)",
        log="MemoryError",
    ),
)
