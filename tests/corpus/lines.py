"""The lines of a task's log that its author wrote: printed and logged ones, without Airflow's own records."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: The loggers of what a task prints.
_STREAMS = frozenset({"task.stdout", "task.stderr"})
#: Airflow's own loggers, and those below them. Records without a logger are Airflow's, too.
_AIRFLOW = ("airflow", "task", "dagfloe")
#: Authors use this one, because it was the only one that Airflow 1 showed.
_AUTHORS = "airflow.task"
#: The logger and the event of the lines that an operator copies from the process of an isolated task.
_PROCESS = "airflow.providers.standard.utils.python_virtualenv"
_COMMAND, _OUTPUT = "Executing cmd: ", "Output:"
#: The first argument of the process, as opposed to those that make its environment.
_SCRIPT = "/script.py "
#: How Python writes a record to stderr in a process where nobody configured logging.
_BASIC = re.compile(r"(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.<>]+:")
_TRACEBACK = "Traceback (most recent call last):"
#: Airflow warns of old imports, where the Dag file is imported, which is in every task.
_WARNINGS, _DEPRECATED = "py.warnings", re.compile(r"airflow.* deprecated")
#: Levels that a process without configured logging does not show.
_QUIET = frozenset({"debug", "info"})


@dataclass(frozen=True)
class Lines:
    """The lines of one try of a task.

    Attributes:
        printed: what it printed, in order.
        logged: the level and the message of each record that it logged, in order.
        mixed: the lines of an isolated task's process, which do not say which of them were printed; else None.
    """

    printed: tuple[str, ...] = ()
    logged: tuple[tuple[str, str], ...] = ()
    mixed: tuple[str, ...] | None = None

    def without(self, pattern: str) -> Lines:
        """Leave out the lines that match a pattern as a whole; no line, if the pattern is empty."""
        if not pattern:
            return self
        found = re.compile(pattern)
        return Lines(
            tuple(line for line in self.printed if not found.fullmatch(line)),
            tuple((level, line) for level, line in self.logged if not found.fullmatch(line)),
            None if self.mixed is None else tuple(line for line in self.mixed if not found.fullmatch(line)),
        )


def author_lines(records: Sequence[dict[str, Any]]) -> Lines:
    """Find the lines that the author of a task wrote.

    Args:
        records: the records of one try, as the REST API returns them.
    """
    printed, logged = [], []
    for record in records:
        name, event = str(record.get("logger") or ""), str(record["event"])
        if name in _STREAMS:
            printed.append(event)
        elif name == _WARNINGS and _DEPRECATED.search(event):
            continue
        elif name == _AUTHORS or (name and name.partition(".")[0] not in _AIRFLOW):
            logged.append((str(record["level"]), event))
    mixed = _process_lines(records)
    return Lines(tuple(printed if mixed is None else _without_traceback(printed)), tuple(logged), mixed)


def differences(original: Lines, adopted: Lines) -> Iterator[str]:
    """Yield what differs between the lines of a try in the original and in the adopted Dag, one sentence each.

    A process without Airflow shows no records below WARNING, and a bundle file shows them. These are no difference.

    Args:
        original: the lines of the original task.
        adopted: the lines of the same try of the same task in the adopted Dag.
    """
    if original.mixed is not None and adopted.mixed is None:
        yield from _differences_of_process((*original.mixed, *original.printed), adopted)
        return
    if (original.mixed or ()) != (adopted.mixed or ()):
        yield f"the process printed {list(original.mixed or ())}, adopted {list(adopted.mixed or ())}"
    if original.printed != adopted.printed:
        yield f"printed {list(original.printed)}, adopted {list(adopted.printed)}"
    if original.logged != adopted.logged:
        yield f"logged {list(original.logged)}, adopted {list(adopted.logged)}"


def _differences_of_process(lines: tuple[str, ...], adopted: Lines) -> Iterator[str]:
    """Compare lines that are printed or logged with those of which it is known."""
    plain = [_BASIC.sub("", line, count=1) for line in lines]
    logged = [text for level, text in adopted.logged if level not in _QUIET or text in plain]
    rest = list(plain)
    for text in logged:
        if text in rest:
            rest.remove(text)
        else:
            yield f"logged {text!r} only when adopted; the process wrote {list(lines)}"
    if rest != list(adopted.printed):
        yield f"printed {rest}, adopted {list(adopted.printed)}"


def _process_lines(records: Sequence[dict[str, Any]]) -> tuple[str, ...] | None:
    """The output of the process of an isolated task, or None for other tasks."""
    events = [str(record["event"]) for record in records if record.get("logger") == _PROCESS]
    starts = [number for number, event in enumerate(events) if event.startswith(_COMMAND) and _SCRIPT in event]
    if not starts:
        return None
    lines = events[starts[-1] + 1 :]
    if lines[:1] == [_OUTPUT]:
        lines = lines[1:]
    return tuple(_without_traceback(lines))


def _without_traceback(lines: list[str]) -> list[str]:
    """Leave out tracebacks: what a task ended with, or what Airflow tried in the environment, and no author's lines."""
    rest: list[str] = []
    in_traceback = False
    for line in lines:
        if line == _TRACEBACK:
            in_traceback = True
        elif not in_traceback:
            rest.append(line)
        elif not line.startswith(" "):  # the last line has the exception
            in_traceback = False
    return rest
