"""Makes docs/evidence/deaths.md from what `make deaths` saw."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "evidence" / "deaths.md"
FORMS = ("with a launcher", "one file")
HEAD = """# Deaths

What becomes of a bundle's process, of the processes that its task started and of the folders that it unpacked,
however it ends. `make deaths` makes this page: it lets real bundle files die for real. `make test` does the same once
for each row.

In every row the task had started four processes: one like any, one in a session of its own, one with an empty
environment, and a worker of `multiprocessing`. *Status* is what the supervisor saw. Each time the task's last records
were in the log, as long as somebody was left to read it, and after a segmentation fault or an abort `faulthandler`'s
traces were on stderr.
"""
PROCESSES = """
## Processes that a task starts

They end with the bundle's process: SIGTERM first, SIGKILL after 3 s.

| the process | ends after an orderly end, an exception, a signal | after SIGKILL, a crash, `os._exit` |
|---|---|---|
| started in any way: `subprocess`, `os.fork`, `os.posix_spawn`, `os.system`, `multiprocessing` | yes | yes |
| in a session or group of its own (`start_new_session=True`, a daemon) | yes | yes |
| with an environment of its own (`env={...}`) | yes | yes |
| with both, which is how to start what shall outlive the task | no | no |
| of another user (`sudo`), unless the bundle runs as root | no: the kernel does not allow it | no |
| started in C by a library, when the task has started none in Python | no | no |

When a task starts its first process, the runtime makes itself the leader of a process group and starts the launcher
beside itself as a watch, which is neither its child nor in its group. The watch waits for the end of the bundle's
process (a pidfd; on Linux before 5.3 it looks five times a second), then looks in `/proc` for processes of that group,
or with the mark that the launcher put into the environment. A task that starts no process has no watch. Where there is
no launcher, because dagfloe was installed without a C compiler, nobody watches.
"""


def page(tables: dict[str, dict[str, Any]]) -> str:
    """The page.

    Args:
        tables: what `Tables` wrote.
    """
    lines = [HEAD, "| death | times, each form | status | processes left | folders left |", "|---|---|---|---|---|"]
    for name, forms in tables["deaths"].items():
        times = {seen["times"] for seen in forms.values()}
        statuses = {seen["status"] for seen in forms.values()}
        if set(forms) != set(FORMS) or len(times) != 1 or len(statuses) != 1:
            raise SystemExit(f"{name} was not seen in both forms: run all of the tests")
        after = ", once the next bundle had started" if name.startswith("SIGKILL of both") else ""
        lines.append(f"| {name} | {times.pop()} | {status_text(statuses.pop())} | 0 | 0{after} |")
    lines += [
        "",
        "Both forms, with a launcher and `--one-file`, did the same in every row. Only the one-file form leaves a",
        "folder for the next start, and only when both of its processes are killed at once: the next start of any",
        "one-file bundle of that user deletes it, unless a process still has it locked.",
        PROCESSES,
        "## First starts",
        "",
        "The first start of the bundle `hello` on hosts that make it hard, each with a task.",
        "",
        "| host | what happened |",
        "|---|---|",
    ]
    lines += [f"| {name} | {seen['seen']} |" for name, seen in tables["first starts"].items()]
    return "\n".join(lines) + "\n"


def status_text(status: int | None) -> str:
    """An exit status as a person writes it."""
    if status is None:
        return "nobody was left to see it"
    return str(status) if status >= 0 else signal.Signals(-status).name


if __name__ == "__main__":
    PAGE.write_text(page(json.loads(Path(sys.argv[1]).read_text("utf-8"))), "utf-8")
