"""The cells with many log records, and with secrets in every form and through every output."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from typing import TYPE_CHECKING

from trust.grid.authors import SUCCESS
from trust.grid.cell import Cell, End, Impossible
from trust.grid.trial import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trust.grid.trial import Seen

TORTURE = "many writers of logs"
CANARY = "a secret"
#: The records of each torture. The bundle has the same numbers: tests/demo/faults/faults/outputs.py.
TORTURES = {
    "threads log": 400,
    "threads print": 400,
    "threads log 50 KB": 80,
    "os.fork children log": 400,
    "os.fork children log 50 KB": 80,
    "os.fork children print": 400,
    "os.fork children print without a newline": 4,
    "fork processes log": 400,
    "spawn processes log": 400,
    "spawn processes log 50 KB": 80,
    "spawn processes print": 400,
    "forkserver processes log": 400,
    "executor (fork) logs": 400,
    "executor (spawn) logs": 400,
    "a handler interrupts": 400,
    "threads, then os.fork children": 800,
}
OUTPUTS = (
    "log record",
    "print",
    "stderr",
    "print in two parts",
    "exception",
    "extra",
    "exception of a thread",
    "warning",
    "os.fork child",
    "spawn child",
)
WHENS = ("in the task", "at the return", "in atexit")
IMPOSSIBLE = (
    *(
        Impossible(TORTURE, when, "*", "the writers are the task's own; late lines: see the processes")
        for when in WHENS[1:]
    ),
    Impossible(CANARY, "in atexit", "spawn child", "Python starts no process at its exit"),
)
HOWS = {TORTURE: tuple(TORTURES), CANARY: OUTPUTS}
_LINE = re.compile(rb"<\d+-\d+>")


def cells() -> Iterator[Cell]:
    """All cells with many records and with secrets."""
    for how, count in TORTURES.items():
        yield Cell(
            who=TORTURE,
            when="in the task",
            how=how,
            ends=(SUCCESS,),
            task="torture",
            # A handler that raises after the record is sent makes the task send it again, as in any Python program.
            check=_counts(count, may_repeat=how == "a handler interrupts"),
            bound_s=120.0,
            is_quick=how in ("os.fork children log 50 KB", "threads print", "spawn processes log"),
        )
    for when in WHENS:
        for how in OUTPUTS:
            if not any(impossible.covers(CANARY, when, how) for impossible in IMPOSSIBLE):
                yield Cell(
                    who=CANARY,
                    when=when,
                    how=how,
                    ends=(End("failed", 0),) if when == "at the return" else (SUCCESS,),
                    task="secrets",
                    check=leaks,
                    bound_s=60.0,
                    is_quick=when == "in the task" and how in ("log record", "os.fork child"),
                )


def _counts(expected: int, *, may_repeat: bool = False) -> Callable[[Seen], list[str]]:
    def check(seen: Seen) -> list[str]:
        found: list[bytes] = []
        merged = 0
        for record in seen.records():
            names = _LINE.findall(str(record["event"]).encode())
            merged += len(names) > 1
            found += names
        missing, twice = expected - len(set(found)), len(found) - len(set(found))
        problems = [f"{missing} of {expected} records lost"] if missing else []
        problems += [f"{twice} records twice"] if twice and not may_repeat else []
        return problems + ([f"{merged} records merged"] if merged else [])

    return check


def secret_forms() -> dict[str, bytes]:
    """The forms of the password that nobody may see."""
    data = PASSWORD.encode()
    pair = base64.b64encode(b"user:" + data).decode()
    texts = {
        "plain": PASSWORD,
        "URL-encoded": urllib.parse.quote(PASSWORD, safe=""),
        "base64": base64.b64encode(data).decode().rstrip("="),
        "base64 in a pair": pair[8:-4],
        "JSON": json.dumps(PASSWORD)[1:-1],
        "JSON, not ASCII": json.dumps(PASSWORD, ensure_ascii=False)[1:-1],
        "repr": repr(PASSWORD)[1:-1],
    }
    forms = {name: text.encode() for name, text in texts.items()}
    # A record is JSON itself, so every form may be escaped once more.
    for name, text in texts.items():
        forms[f"{name}, escaped"] = json.dumps(text, ensure_ascii=False)[1:-1].encode()
        forms[f"{name}, escaped to ASCII"] = json.dumps(text)[1:-1].encode()
    return forms


def leaks(seen: Seen) -> list[str]:
    """Where the password leaves, in which form. The comm socket may carry it in no message, either."""
    problems = []
    for channel in ("logs", "stdout", "stderr", "comm"):
        data: bytes = getattr(seen, channel)
        names = sorted(name for name, form in secret_forms().items() if form in data)
        if names:
            problems.append(f"the secret leaves on {channel} ({names[0]})")
    return problems
