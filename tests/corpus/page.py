"""Writes docs/evidence/adopted.md from the results of `make adopt-corpus`."""

from __future__ import annotations

import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.results import Result, Results
from e2e.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE = ROOT / "docs" / "evidence" / "adopted.md"
_HEAD = """\
# Adopted Dag files

This page compares Dag files with what [`dagfloe adopt`](../how-to/adopt.md) makes of them. `make adopt-corpus` adopts
each file, builds its projects, and runs both Dags in a complete Airflow: first the original, whose isolated tasks
create their virtual environments, and then the adopted one. It writes this page.

Both runs have the same run_id, logical date and conf. Equal means that these are the same in both runs:

- the state of the run, and the state and the number of tries of every task instance
- every XCom: results and pushed keys, as Airflow's database has them. Only the two forms that Airflow has for UTC, that
  of pendulum's times and that of other times, count as one.
- the asset events and their extras
- what the tasks print and log: text, level and order. What a task prints and what it logs are compared separately,
  because Airflow writes what an ordinary task prints later than what it logs.

*Equal, but* names a difference that is meant to be.

A process of a virtual environment shows no records below the level `WARNING`, because nobody configured logging there.
A bundle file shows them. These additional lines, and Airflow's own lines, are not compared.
"""
_OURS = """\
## Dag files of the corpus

These files are in `tests/corpus/dags`. They were written for this comparison, in the shapes that public Dag files have.
`--all` after a name means that the ordinary tasks are to move, too. *Moved* counts the tasks that ran in a bundle file.
*Not moved* lists what the command says about tasks that it was asked to move, and counts the tasks that it was not
asked to move."""
_EXAMPLES = """\
## Airflow's own examples

These are all the examples with isolated tasks that are installed with Airflow. The command reads them where they are
installed, and nobody edits anything. In the two examples of branches, a task chooses one of four tasks at random; the
four count as one task. Lines that show the path of the Python, and the whole context, are not compared."""
_COLUMNS = ("file", "shows", "tasks", "moved", "not moved, and why")
EQUAL = "equal"


def page(results: Sequence[Results]) -> str:
    """Make the page.

    Args:
        results: those of each version of Airflow.
    """
    lines = [_HEAD]
    lines += [f"Airflow {result.airflow}: {result.about}.\n" for result in results]
    lines += [_OURS, "", *_table([result.cases for result in results], results), ""]
    lines += [_EXAMPLES, "", *_table([result.examples for result in results], results)]
    differences = [*_differences(results)]
    if differences:
        lines += ["", "## Differences", "", *differences]
    return "\n".join(lines) + "\n"


def about(airflow: str) -> str:
    """Describe the machine and the versions.

    Args:
        airflow: the version of Airflow.
    """
    processor = next(
        (line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return (
        f"date {time.strftime('%Y-%m-%d', time.gmtime())}, processor {processor}, cores {os.cpu_count()}, "
        f"load {os.getloadavg()[2]:.0f} in the last 15 minutes, Python {platform.python_version()}, "
        f"Airflow {airflow}, dagfloe {version('dagfloe')}"
    )


def _table(columns: Sequence[Sequence[Result]], results: Sequence[Results]) -> Iterator[str]:
    names = [*_COLUMNS, *(result.airflow for result in results)]
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in zip(*columns, strict=True):
        first = row[0]
        cells = [f"`{first.name}`", first.shape, str(first.tasks), str(len(first.moved)), _rest(first)]
        cells += map(_outcome, row)
        yield f"| {' | '.join(cells)} |"
    tasks, moved = (sum(numbers) for numbers in zip(*((r.tasks, len(r.moved)) for r in columns[0]), strict=True))
    equal = [f"{sum(not result.differences for result in column)} {EQUAL}" for column in columns]
    cells = [f"{len(columns[0])} files", "", str(tasks), str(moved), "", *equal]
    yield f"| {' | '.join(cells)} |"


def _outcome(result: Result) -> str:
    """Whether both runs were equal."""
    if result.differences:
        return f"{len(result.differences)} differences"
    return f"{EQUAL}, but {'; '.join(result.intended)}" if result.intended else EQUAL


def _rest(result: Result) -> str:
    """What did not move."""
    reasons: dict[str, list[str]] = {}
    for task, why in result.stays:
        reasons.setdefault(why, []).append(f"`{task}`")
    parts = [f"{', '.join(dict.fromkeys(tasks))}: {why}" for why, tasks in reasons.items()]
    ordinary = result.tasks - len(result.moved) - len({task for task, _ in result.stays})
    if ordinary > 0:
        parts.append(f"{ordinary} not asked for")
    return "<br>".join(part.replace("|", "\\|") for part in parts)


def _differences(results: Sequence[Results]) -> Iterator[str]:
    for result in results:
        for case in (*result.cases, *result.examples):
            for difference in case.differences:
                yield f"- Airflow {result.airflow}, `{case.name}`: {difference}"


if __name__ == "__main__":
    PAGE.write_text(page([Results.read(Path(file)) for file in sys.argv[1:]]), "utf-8")
