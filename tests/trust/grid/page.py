"""Makes the part of docs/evidence/reliability.md that combines every moment with every failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trust.grid.cell import FORMS, End
from trust.grid.hosts import NOT_SHOWN
from trust.grid.matrix import AXES, CELLS, IMPOSSIBLE

if TYPE_CHECKING:
    from trust.grid.cell import Cell

HEAD = """
## Every moment

These tables combine every moment with every failure. *Expected* is the terminal message and the exit status. A run is
as expected if all of these are true:

- The terminal message and the exit status are the expected ones. Status 0 never comes without a terminal message, and
  no second terminal message was sent.
- The log, stdout or stderr say why the task failed, where the table of the tests names a reason.
- Every line of the log is whole.
- No process and no temporary file is left. Without a launcher, processes of the task may be left.
- The process ended within its time limit.
"""
SECRETS = """
The search for secrets looks at every byte on comm, logs, stdout and stderr, for the secret itself and for its
URL-encoded, base64, JSON-escaped and `repr` forms. The task prints the plain, URL-encoded, JSON and `repr` forms. It
does not print base64: that is a value which the task changed, and dagfloe does not mask those.
"""


def sections(cells: dict[str, dict[str, Any]]) -> str:
    """Make the part of the page that shows every moment.

    Args:
        cells: the results of the cells, by name and form.
    """
    lines = [HEAD, *_summary(cells)]
    for who, (whens, hows) in AXES.items():
        lines += ["", f"### Every moment: {who}", ""]
        lines += ["| when | how | expected | bundle file | unfrozen |", "|---|---|---|---|---|"]
        for when in whens:
            lines += [_row(cell, cells) for cell in CELLS if (cell.who, cell.when) == (who, when)]
        reasons = _reasons(who, whens, hows)
        if reasons:
            lines += ["", "Not possible:", "", "| when | how | reason |", "|---|---|---|", *reasons]
        if who == "the host":
            lines += ["", "Not shown:", "", *(f"- {text}." for text in NOT_SHOWN)]
        if who == "a secret":
            lines.append(SECRETS.rstrip())
    return "\n".join(lines) + "\n"


def open_cells(cells: dict[str, dict[str, Any]]) -> list[str]:
    """The cells that were not as expected, or not run, with the reason."""
    found = []
    for cell in CELLS:
        for form in cell.only:
            result = cells.get(cell.name, {}).get(form)
            problems = ["not run"] if result is None else result["problems"]
            if problems:
                found.append(f"{cell.name} ({form}): {'; '.join(problems)}")
    return found


def _summary(cells: dict[str, dict[str, Any]]) -> list[str]:
    count = sum(len(cell.only) for cell in CELLS)
    remaining = open_cells(cells)
    lines = [f"Of {count} runs, {count - len(remaining)} were as expected; {len(remaining)} were not."]
    return [*lines, "", *(f"- {_escape(text)}" for text in remaining)] if remaining else lines


def _row(cell: Cell, cells: dict[str, dict[str, Any]]) -> str:
    expected = " or ".join(dict.fromkeys(map(str, cell.ends)))
    if cell.unfrozen is not None:
        expected += "; not frozen: " + " or ".join(map(str, cell.unfrozen))
    seen = [_seen(cell, form, cells) for form in FORMS]
    return f"| {cell.when} | {cell.how} | {expected} | {' | '.join(seen)} |"


def _seen(cell: Cell, form: str, cells: dict[str, dict[str, Any]]) -> str:
    if form not in cell.only:
        return "-"
    result = cells.get(cell.name, {}).get(form)
    if result is None:
        return "open: **not run**"
    end = str(End(result["state"], result["status"]))
    return f"open: **{_escape('; '.join(result['problems']))}** ({end})" if result["problems"] else end


def _reasons(who: str, whens: tuple[str, ...], hows: tuple[str, ...]) -> list[str]:
    rows = []
    for impossible in IMPOSSIBLE:
        if any(impossible.covers(who, when, how) for when in whens for how in hows):
            when, how = ("any" if name == "*" else name for name in (impossible.when, impossible.how))
            rows.append(f"| {when} | {how} | {impossible.reason} |")
    return rows


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("{", "&#123;").replace("*", "\\*")
