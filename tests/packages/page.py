"""Renders docs/evidence/packages.md from the rows and their results. Pure, apart from reading the results."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from packages.result import CURED, EQUAL, FOLDER, IMPOSSIBLE, Result, read_result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packages.row import Row

PAGE = Path(__file__).parents[2] / "docs" / "evidence" / "packages.md"
_HEAD = """\
# Distributions

This page shows which distributions work in bundle files. Each line is a distribution with which a task does a small
job. `make packages` runs the tasks as a project and as a bundle file, compares the values that they return, and writes
this page. It runs the file twice, the second time in an environment without a Python, with an empty home folder and
with nothing unpacked. Tasks that need a server call one that runs on the same host.

*Frozen* is `equal` if the tasks returned the same values in all three runs. *Settings* are the lines that
`[tool.dagfloe]` needs. The size and the seconds are those of the whole file, which several distributions may share:
its first start on a host, and a later one, both with all imports of the task's module.

"""
_COLUMNS = (
    "distribution",
    "version",
    "the task",
    "unfrozen",
    "frozen",
    "settings",
    "file",
    "MB",
    "first start, s",
    "warm start, s",
)


def page(rows: Sequence[Row], results: Path = FOLDER) -> str:
    """Make the page.

    Args:
        rows: the rows.
        results: the folder of their results. A row without a result is not on the page.
    """
    seen = {row.name: result for row in rows if (result := read_result(row.name, results))}
    lines = [_HEAD, f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
    body = []
    for row in rows:
        if row.name in seen:
            body += [(name.lower(), _line(row, name, seen[row.name])) for name in row.distributions]
    lines += [line for _, line in sorted(body)]
    lines += ["", *_sums(rows, seen)]
    limits = [(row, seen[row.name]) for row in rows if row.name in seen and seen[row.name].outcome == IMPOSSIBLE]
    if limits:
        lines += ["", "## Limits", "", *(f"- `{row.name}`: {row.impossible}" for row, _ in limits)]
    return "\n".join(lines) + "\n"


def _line(row: Row, distribution: str, result: Result) -> str:
    settings = ", ".join(f"`{key} = {json.dumps(value)}`" for key, value in sorted(result.settings.items()))
    has_file = result.frozen is not None
    cells = (
        distribution,
        result.versions.get(distribution, ""),
        row.distributions[distribution],
        "succeeds" if result.unfrozen.is_green else "fails",
        result.outcome,
        settings or "none",
        f"`{row.name}`",
        f"{result.size / 1e6:.1f}" if has_file else "",
        f"{result.first_s:.2f}" if has_file else "",
        f"{result.later_s:.2f}" if has_file else "",
    )
    return f"| {' | '.join(cells)} |"


def _sums(rows: Sequence[Row], seen: Mapping[str, Result]) -> list[str]:
    outcomes: dict[str, set[str]] = {}
    with_settings = set()
    for row in rows:
        if row.name in seen:
            for name in row.distributions:
                outcomes.setdefault(name, set()).add(seen[row.name].outcome)
            with_settings |= {name for name in row.distributions if seen[row.name].settings}
    # A distribution in several files counts as equal only if it is equal in all of them.
    counts = Counter(next(iter(found - {EQUAL}), EQUAL) for found in outcomes.values())
    others = sum(count for outcome, count in counts.items() if outcome not in (EQUAL, CURED, IMPOSSIBLE))
    return [
        f"Of {len(outcomes)} distributions in {len(seen)} files, {counts[EQUAL]} are equal, {counts[CURED]} are",
        f"equal with the line that the build named, and {counts[IMPOSSIBLE]} have a limit; {others} are open.",
        f"{len(with_settings)} need settings.",
    ]
