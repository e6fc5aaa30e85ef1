"""Writes docs/evidence/deaths.md from the results of `make deaths`."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "evidence" / "deaths.md"
FORMS = ("with a launcher", "one file")
HEAD = """# Deaths

This page shows that no process and no folder remains after a task, however the task ends. `make deaths` runs bundle
files, ends them in the ways below and writes this page. `make test` does the same once for each row.

In every row, the task had started six processes: an ordinary one, one in its own session, one with an empty
environment, two workers of `multiprocessing`, spawned and forked, and a forked one in its own session. *Status* is the
exit status that the supervisor saw. The process that it starts is the launcher, or the parent process of a one-file
program. Each time, the log contained the task's last records, unless the process that reads the log was gone. After a
segmentation fault or an abort, stderr contained the traces of `faulthandler`.
"""
PROCESSES = """
## Processes that a task starts

The processes that a task starts end with the bundle's process: they receive SIGTERM first, and SIGKILL after 3 s.

| the process | ends if the task returns, raises or receives a signal | ends after SIGKILL, a crash, `os._exit` |
|---|---|---|
| of any kind: `subprocess`, `os.fork`, `os.posix_spawn`, `os.system`, `multiprocessing` | yes | yes |
| in its own session or group (`start_new_session=True`, a daemon) | yes | yes |
| with its own environment (`env={...}`) | yes | yes |
| forked in its own session, without starting a program | yes | yes |
| with its own session and its own environment; use this for a process that must outlive the task | no | no |
| of another user (`sudo`), unless the bundle runs as root | no, because the kernel does not allow it | no |
| started by a library's C code, if the task has started no process in Python | no | no |

The task's process leads a process group. When a task starts its first process, the runtime starts the launcher as a
watch process. The watch process is not a child of the task and not in its group. It waits until the task's process has
ended, with a pidfd, or by checking five times a second on Linux before 5.3. Then it searches `/proc` for processes that
belong to the group or that have the task's mark in their environment, and ends them. It measures the 3 s by the clock,
and spends at most a fifth of the time searching, however many processes the host has. A task that starts no
process has no watch process. If dagfloe was installed without a C compiler, there is no launcher and no watch process.
"""


def page(tables: dict[str, dict[str, Any]]) -> str:
    """Make the page.

    Args:
        tables: the tables that `Tables` wrote.
    """
    lines = [HEAD, "| the end | times, each form | status | processes left | folders left |", "|---|---|---|---|---|"]
    for name, forms in tables["deaths"].items():
        times = {results["times"] for results in forms.values()}
        statuses = {results["status"] for results in forms.values()}
        if set(forms) != set(FORMS) or len(times) != 1 or len(statuses) != 1:
            raise SystemExit(f"{name} was not seen in both forms: run all of the tests")
        after = ", after the next bundle had started" if name.startswith("SIGKILL of both") else ""
        lines.append(f"| {name} | {times.pop()} | {format_status(statuses.pop())} | 0 | 0{after} |")
    lines += [
        "",
        "The results of both forms, with a launcher and `--one-file`, were the same in every row. Only the",
        "one-file form can leave a folder, and only if both of its processes are killed at once. The next start of",
        "any one-file bundle of the same user deletes this folder, unless a process still locks it.",
        PROCESSES,
        "## First starts",
        "",
        "The first start of the bundle `hello`, with one task, on hosts with difficult conditions.",
        "",
        "| host | result |",
        "|---|---|",
    ]
    lines += [f"| {name} | {results['seen']} |" for name, results in tables["first starts"].items()]
    return "\n".join(lines) + "\n"


def format_status(status: int | None) -> str:
    """An exit status in readable form."""
    if status is None:
        return "no supervisor left"
    return str(status) if status >= 0 else signal.Signals(-status).name


if __name__ == "__main__":
    PAGE.write_text(page(json.loads(Path(sys.argv[1]).read_text("utf-8"))), "utf-8")
