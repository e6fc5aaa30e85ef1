"""Every wait in the runtime and in the launcher, with its bound and the reason for it."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What waits, in Python and in C.
_CALLS = re.compile(
    r"\.(?:poll|wait|_wait|join|acquire|recv|connect|waitpid|_sleep)\((?!map|self|failures|MODES)|time\.sleep\(|os\.read\("
    r"|(?<![\w.])_sleep\(|lockf\(|\bflock\(|\b(?:poll|sigwaitinfo|sigtimedwait|nanosleep|waitpid|sleep_ms)\("
)
_NO_WAIT = re.compile(r'["\']\.join\(|^\s*#|^\s*\*|"\.join\(|path\.join\(|^\s*(?:void|int|bool) \w+\(|select\.poll\(\)')


@dataclass(frozen=True)
class Wait:
    """One kind of wait.

    Attributes:
        what: what waits for what.
        bound: the bound, in words. A name in braces stands for the value of a constant.
        reason: why it is so long.
    """

    what: str
    bound: str
    reason: str


_COMMS, _CHANNEL = "dagfloe.runtime.wire.comms", "dagfloe.runtime.log.channel"
_SIGNALS, _SERVER = "dagfloe.runtime.process.signals", "dagfloe.runtime.server"
WAITS = (
    Wait(
        "the runtime connects to the supervisor",
        "{dagfloe.runtime.wire.dial:DIAL_TIMEOUT_S} s",
        "Airflow itself gives up after 10 s by default",
    ),
    Wait(
        "a request waits for its reply",
        f"{{{_COMMS}:REPLY_TIMEOUT_S}} s without a part of it; `DAGFLOE_REPLY_TIMEOUT_S`",
        "longer than the supervisor's own call to the API server, with its retries",
    ),
    Wait(
        "a request waits until the supervisor reads it",
        f"{{{_COMMS}:REPLY_TIMEOUT_S}} s without any progress",
        "the supervisor reads nothing while it waits for the API server",
    ),
    Wait(
        "the terminal message of a task that must end",
        f"{{{_COMMS}:LAST_WRITE_TIMEOUT_S}} s without any progress",
        "Airflow kills the process a few seconds after the signal",
    ),
    Wait(
        "one thread waits for another one that reads or writes the comm socket",
        "as long as its own request may wait",
        "the other thread wakes it as soon as it has read or written",
    ),
    Wait(
        "a bundle that cannot be imported waits for the first frame",
        f"{{{_SERVER}:SUPERVISOR_TIMEOUT_S}} s",
        "only a supervisor that has read the connections keeps the log",
    ),
    Wait(
        "a log line waits until the supervisor reads",
        f"{{{_CHANNEL}:WRITE_TIMEOUT_S}} s without any progress, once; a stop or a time limit interrupts it",
        "the supervisor reads logs and answers requests in one thread",
    ),
    Wait(
        "log lines of a task that must end or has ended, and lines on stderr",
        f"{{{_CHANNEL}:LAST_WRITE_TIMEOUT_S}} s without any progress",
        "the end must not wait for a reader that is gone; lost lines are counted",
    ),
    Wait(
        "a log line waits for another process that writes",
        f"{{{_CHANNEL}:LOCK_TIMEOUT_S}} s without any progress",
        "a stopped process may hold the lock",
    ),
    Wait(
        "the end waits for a thread that prints",
        "{dagfloe.runtime.log.output:_LOCK_TIMEOUT_S} s",
        "the thread may never finish its line",
    ),
    Wait(
        "the author's threads and exit handlers after the end",
        f"{{{_SERVER}:EXIT_GRACE_S}} s",
        "Airflow ends the process after 20 s by default",
    ),
    Wait(
        "the task cleans up after the supervisor is gone",
        f"{{{_SIGNALS}:ORPHAN_GRACE_S}} s",
        "nobody waits for the result any more",
    ),
    Wait(
        "a task that is too late is interrupted again",
        f"every {{{_SIGNALS}:LATE_GRACE_S}} s",
        "`finally` blocks get the time between two interruptions",
    ),
    Wait(
        "the main thread is woken for a signal",
        "attempts 0.01 to {dagfloe.runtime.process.main_thread:_LAST_PAUSE_S} s apart, as long as it runs C code; "
        f"{{{_SIGNALS}:ORPHAN_GRACE_S}} s if the supervisor is gone",
        "Python calls handlers between two instructions only",
    ),
    Wait(
        "the runtime's own threads: signals, watch, limit",
        "as long as the task runs; joined within {dagfloe.runtime.process.signals:_JOIN_TIMEOUT_S} s",
        "they are daemon threads, so none of them keeps the process alive",
    ),
    Wait(
        "the start of the watch process",
        "none: the launcher forks and exits at once",
        "the watch must not be a child of the task",
    ),
    Wait(
        "the lock of a folder that a one-file program unpacked",
        "none: it is tried once",
        "without the lock, the folder is only left for the next start",
    ),
    Wait(
        "the end of a one-file program waits for the Pythons that it started",
        "{dagfloe.runtime.process.unpacked_folders:USERS_GRACE_S} s after SIGTERM, "
        "{dagfloe.runtime.process.unpacked_folders:USERS_KILLED_S} s after SIGKILL",
        "their modules are in the folder that is deleted at its end",
    ),
    Wait(
        "`poke` and waits of the client",
        "the author's `interval`, `timeout` and the task's time limit",
        "a wait is what the author asked for",
    ),
    Wait(
        "the launcher connects to the supervisor",
        "{build/launcher/connect.c:CONNECT_S} s for each socket, then the program tries",
        "the kernel of the same host accepts at once, unless too many connections wait",
    ),
    Wait(
        "a launcher that cannot start its program waits for the first frame",
        "{build/launcher/connect.c:FIRST_FRAME_MS} ms after the connection",
        "the supervisor writes the reason to the task's log only if it has accepted the connections",
    ),
    Wait(
        "the launcher waits for the first frame of a Dag processor",
        "{build/launcher/answer.c:FIRST_FRAME_MS} ms, then the program waits on",
        "a Dag processor sends it at once and gives up after 30 s by default",
    ),
    Wait(
        "the launcher waits until a Dag processor reads and confirms the answer",
        "{build/launcher/answer.c:WRITE_S} s for each part, {build/launcher/answer.c:REPLY_MS} ms",
        "a Dag processor keeps an answer that it has read",
    ),
    Wait(
        "the launcher waits for another one that unpacks the same file",
        "{build/launcher/entry.c:LOCK_TIMEOUT_S} s",
        "a large file on a slow disk; then it uses another cache folder",
    ),
    Wait(
        "the launcher waits for the program",
        "as long as it runs; {build/launcher/wait.c:END_GRACE_S} s after the terminal message",
        "the runtime's own bound is shorter; the launcher enforces it",
    ),
    Wait(
        "the watch waits for the end of the task's process", "as long as it runs", "it uses no processor time meanwhile"
    ),
    Wait(
        "the watch waits after SIGTERM",
        "{build/launcher/watch.c:GRACE_MS} ms, then SIGKILL",
        "Airflow has already given the slot to another task",
    ),
    Wait(
        "a stop waits until a coroutine that blocks its event loop waits for something",
        "{dagfloe.runtime.process.event_loop:BLOCKED_S} s",
        "then the stop is raised in the code that blocks, a part of the 5 s that Airflow allows",
    ),
)
#: How many waits each file has. A test counts them, so that a new one needs a row above.
COUNTS = {
    "build/launcher/answer.c": 2,
    "build/launcher/clock.c": 1,
    "build/launcher/connect.c": 1,
    "build/launcher/store.c": 2,
    "build/launcher/wait.c": 5,
    "build/launcher/watch.c": 2,
    "runtime/log/channel.py": 10,
    "runtime/log/handler.py": 1,
    "runtime/log/outlet.py": 5,
    "runtime/log/output.py": 4,
    "runtime/log/sharing.py": 2,
    "runtime/log/streams.py": 1,
    "runtime/process/children.py": 1,
    "runtime/process/event_loop.py": 2,
    "runtime/process/main_thread.py": 2,
    "runtime/process/signals.py": 6,
    "runtime/process/unpacked_folders.py": 3,
    "runtime/process/workers.py": 1,
    "runtime/server.py": 5,
    "runtime/wire/comms.py": 8,
    "runtime/wire/dial.py": 2,
    "src/dagfloe/client/dag_runs.py": 1,
    "src/dagfloe/client/sensor.py": 1,
}


def bound(wait: Wait) -> str:
    """The bound of a wait, with the values of its constants."""

    def value(match: re.Match[str]) -> str:
        where, _, name = match[1].partition(":")
        if where.endswith(".c"):
            found = re.search(rf"\b{name} = (\d+)", (ROOT / where).read_text("utf-8"))
            assert found, match[0]
            return found[1]
        return f"{getattr(importlib.import_module(where), name):g}"

    return re.sub(r"\{([^}]+)\}", value, wait.bound)


def count_waits() -> dict[str, int]:
    """How many lines of each file wait for something."""
    files = [
        *(ROOT / "runtime").rglob("*.py"),
        *(ROOT / "build" / "launcher").glob("*.c"),
        *(ROOT / "src/dagfloe/client").glob("*.py"),
    ]
    counts = {}
    for file in sorted(files):
        lines = [
            line for line in file.read_text("utf-8").splitlines() if _CALLS.search(line) and not _NO_WAIT.search(line)
        ]
        if lines:
            counts[str(file.relative_to(ROOT))] = len(lines)
    return counts
