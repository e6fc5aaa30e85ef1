"""Writes docs/evidence/cluster.md from the results of `make airflow-cluster`."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cluster.row import BUNDLE, ORDINARY, Row
from e2e.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PAGE = ROOT / "docs" / "evidence" / "cluster.md"
#: Their versions are on the page, without this prefix.
_PREFIX = "apache-airflow-"
_DISTRIBUTIONS = ("apache-airflow-providers-celery", "celery", "apache-airflow-providers-edge3")
_HEAD = """\
# Several workers

This page shows what happens to tasks on distributed executors, while all parts live and when one of them ends.
`make airflow-cluster` starts an Airflow with PostgreSQL, Redis, the CeleryExecutor and the EdgeExecutor on one machine,
runs the scenarios and writes this page. Two Celery workers and two Edge workers have host names, users, home folders
and folders of bundle files of their own, in their own UTS and mount namespaces. Each can run 24 tasks at once.

Three settings are not Airflow's defaults, so that the scenarios are short and a busy machine does not change them.
`[scheduler] task_instance_heartbeat_timeout` is 30 s, not 300 s, in the scenarios that end workers: Airflow starts the
next try of a task that gave no sign of life for this time. `[workers] execution_api_retries` is 40, and
`execution_api_retry_wait_max` is 5 s: workers wait for an API server that starts.

Each task appends a line to a file when it begins and when it ends. The counts are from these lines and from the states
in Airflow:

- *again*: task instances that began more than once. All tasks have `retries=3`.
- *lost*: task instances that did not succeed, or never wrote their last line.
- *doubled*: task instances that wrote their last line more than once. A task that adds a row to a database would have
  added it twice.
- *orphans*: processes of tasks that were still alive when their worker had ended, 3 s after a SIGKILL.

A scenario fails if a bundle file loses or doubles a task instance, or leaves a process or a folder. *Ordinary* tasks
are the same functions as Python tasks of Airflow, and their counts fail no scenario. Where both kinds have a row, they
ran on the same workers at the same time; only of the 200 mapped tasks, one kind ran after the other.

The rows of Airflow 3.4.0b2 are a short form, without a SIGKILL: when the scheduler of this pre-release starts the next
try of a mapped task that gave no sign of life, of whatever kind, it ends with `UniqueViolation`.
"""
#: Encloses the section that `make airflow-cluster-throughput` writes.
MARK = "<!-- the figures of make airflow-cluster-throughput -->"
_THROUGHPUT = """\
## Throughput

`make airflow-cluster-throughput` runs short tasks, first as bundle files and then as ordinary tasks, on two Celery
workers. *Seconds* are from the first task's begin to the last one's end. The columns in ms are the processor time of
each part for one task instance; *workers* includes Airflow's supervisors and the tasks. *Memory* is the increase of all
processes of the workers while 16 tasks wait, for one task and its supervisor; a shared page counts once."""
_COUNTS = ("task instances", "succeeded", "again", "lost", "doubled", "orphans")
_COLUMNS = ("scenario", "tasks", *_COUNTS, "seconds", "seen")


def about(venv: Path, airflow: str) -> str:
    """Describe the machine and the versions.

    Args:
        venv: the environment of the Airflow.
        airflow: its version.
    """
    code = "from importlib.metadata import version; import sys; print(*map(version, sys.argv[1:]))"
    command = [str(venv / "bin" / "python"), "-c", code, *_DISTRIBUTIONS]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    names = (name.removeprefix(_PREFIX) for name in _DISTRIBUTIONS)
    others = ", ".join(f"{name} {number}" for name, number in zip(names, found, strict=True))
    processor = next(
        (line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"date {time.strftime('%Y-%m-%d', time.gmtime())}, processor {processor}, cores {os.cpu_count()}, "
        f"memory {memory:.0f} GiB, load {os.getloadavg()[2]:.0f} in the last 15 minutes, "
        f"Airflow {airflow}, {others}, dagfloe {version('dagfloe')}"
    )


def page(results: Sequence[Mapping[str, Any]], throughput: str = "") -> str:
    """Make the page.

    Args:
        results: those of each version of Airflow, as `write` wrote them, the longest first.
        throughput: the section that another target writes.
    """
    lines = [_HEAD]
    for result in results:
        lines += [f"## Airflow {result['airflow']}", "", f"This run: {result['about']}.", ""]
        lines += [f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
        lines += [_line(Row(**row)) for row in result["rows"]]
        rows = [Row(**row) for row in result["rows"] if row["tasks"] == BUNDLE]
        others = [Row(**row) for row in result["rows"] if row["tasks"] == ORDINARY]
        lines += ["", _sum("Bundle files", rows)]
        if others:
            lines += [_sum("Ordinary tasks", others)]
        lines += [f"All scenarios took {result['seconds']:.0f} s.", ""]
    return "\n".join([*lines, f"{MARK}{throughput}{MARK}"]) + "\n"


def write_throughput(about_it: str, table: Sequence[str]) -> None:
    """Write the section on throughput into the page.

    Args:
        about_it: what `about` says.
        table: the lines of its table.
    """
    before, _, after = PAGE.read_text("utf-8").partition(MARK)
    lines = [_THROUGHPUT, "", f"This run: {about_it}.", "", *table, ""]
    PAGE.write_text("\n".join([f"{before}{MARK}", "", *lines, f"{MARK}{after.partition(MARK)[2]}"]), "utf-8")


def write(file: Path, airflow: str, about_it: str, rows: Sequence[Mapping[str, Any]], seconds: float) -> None:
    """Write the results of a version of Airflow.

    Args:
        file: the file to write.
        airflow: the version.
        about_it: what `about` says.
        rows: the rows.
        seconds: the time of all scenarios.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    body = {"airflow": airflow, "about": about_it, "rows": list(rows), "seconds": seconds}
    file.write_text(json.dumps(body, indent=1), "utf-8")


def _line(row: Row) -> str:
    counts = (row.instances, row.succeeded, row.retried, row.lost, row.doubled, row.orphans)
    cells = (
        row.scenario,
        row.tasks,
        *("-" if count is None else str(count) for count in counts),
        f"{row.seconds:.0f}",
        row.note,
    )
    return f"| {' | '.join(cells)} |"


def _sum(title: str, rows: Sequence[Row]) -> str:
    totals = {
        name: sum(getattr(row, name) or 0 for row in rows) for name in ("instances", "lost", "doubled", "orphans")
    }
    return (
        f"{title}: {totals['instances']} task instances, {totals['lost']} lost, {totals['doubled']} doubled, "
        f"{totals['orphans']} orphans."
    )


if __name__ == "__main__":
    there = PAGE.read_text("utf-8").split(MARK)[1] if PAGE.exists() else ""
    PAGE.write_text(page([json.loads(Path(file).read_text("utf-8")) for file in sys.argv[1:]], there), "utf-8")
