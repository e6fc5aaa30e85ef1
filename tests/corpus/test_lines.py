"""The author's lines are found in a task's log, and those of two runs are compared."""

from __future__ import annotations

from typing import Any

import pytest

from corpus.lines import Lines, author_lines, differences

PROCESS = "airflow.providers.standard.utils.python_virtualenv"


def _record(logger: str | None, event: str, level: str = "info") -> dict[str, Any]:
    return {"event": event, "level": level} | ({} if logger is None else {"logger": logger})


def test_lines_of_an_ordinary_task() -> None:
    """Airflow's own records are left out, wherever they stand between the author's."""
    records = [
        _record(None, "::group::Log message source details"),
        _record("task", "::group::Pre Execute"),
        _record("unusual_prefix_1_etl", "begins"),
        _record("airflow.dag_processing.dagbag.BundleDagBag", "Filling up the DagBag"),
        _record("airflow.task", "as in Airflow 1", "warning"),
        _record("task.stdout", "hello"),
        _record("task.stderr", "oh", "error"),
        _record("airflow.task.operators.some.Operator", "Done. Returned value was: 1"),
        _record("dagfloe.poke", "again"),
        _record("py.warnings", "The `airflow.decorators.task` attribute is deprecated.", "warning"),
        _record("py.warnings", "the file is old", "warning"),
    ]
    logged = (("info", "begins"), ("warning", "as in Airflow 1"), ("warning", "the file is old"))
    assert author_lines(records) == Lines(("hello", "oh"), logged)


def test_lines_of_an_isolated_task() -> None:
    """Of the operator's processes, the last one is the task, and its traceback is not a line of the author."""
    records = [
        _record(PROCESS, "Executing cmd: uv venv --seed /tmp/venv1"),
        _record(PROCESS, "Output:"),
        _record(PROCESS, "Using CPython 3.11.7"),
        _record(PROCESS, "Executing cmd: /tmp/venv1/bin/python /tmp/venv-call1/script.py /tmp/venv-call1/script.in"),
        _record(PROCESS, "Output:"),
        _record(PROCESS, "dividing by 0"),
        _record("task.stderr", "Traceback (most recent call last):", "error"),
        _record("task.stderr", '  File "<string>", line 1, in <module>', "error"),
        _record("task.stderr", "ModuleNotFoundError: No module named 'pendulum'", "error"),
        _record("task.stdout", "a callback"),
        _record(PROCESS, "Traceback (most recent call last):"),
        _record(PROCESS, '  File "/tmp/venv-call1/script.py", line 40, in divides'),
        _record(PROCESS, "ZeroDivisionError: division by zero"),
    ]
    assert author_lines(records) == Lines(("a callback",), mixed=("dividing by 0",))


@pytest.mark.parametrize(
    ("original", "adopted"),
    [
        (Lines(("a", "b"), (("info", "c"),)), Lines(("a", "b"), (("info", "c"),))),
        (Lines(mixed=("a", "WARNING:root:c", "b")), Lines(("a", "b"), (("warning", "c"),))),
        (Lines(mixed=("c", "a", "b")), Lines(("a", "b"), (("error", "c"),))),
        (Lines(mixed=("a",)), Lines(("a",), (("info", "a process without Airflow does not show it"),))),
        (Lines(mixed=("a", "INFO:root:b")), Lines(("a",), (("info", "b"),))),
        (Lines(mixed=("a",)), Lines(mixed=("a",))),
        (Lines(("a callback",), mixed=("a",)), Lines(("a", "a callback"))),
    ],
)
def test_lines_that_are_the_same(original: Lines, adopted: Lines) -> None:
    """An isolated task's process mixes what is printed and what is logged."""
    assert list(differences(original, adopted)) == []


@pytest.mark.parametrize(
    ("original", "adopted", "difference"),
    [
        (Lines(("a", "b")), Lines(("b", "a")), "printed ['a', 'b'], adopted ['b', 'a']"),
        (Lines((), (("info", "c"),)), Lines((), (("error", "c"),)), "logged [('info', 'c')], adopted [('error', 'c')]"),
        (Lines(mixed=("a", "b")), Lines(("b", "a")), "printed ['a', 'b'], adopted ['b', 'a']"),
        (Lines(mixed=("a",)), Lines(()), "printed ['a'], adopted []"),
        (
            Lines(mixed=("a",)),
            Lines(("a",), (("error", "c"),)),
            "logged 'c' only when adopted; the process wrote ['a']",
        ),
        (Lines(mixed=("a",)), Lines(mixed=("b",)), "the process printed ['a'], adopted ['b']"),
    ],
)
def test_lines_that_differ(original: Lines, adopted: Lines, difference: str) -> None:
    """Order, level and presence of a line count."""
    assert list(differences(original, adopted)) == [difference]


def test_lines_that_vary() -> None:
    """Lines that match a pattern as a whole are left out."""
    lines = Lines(("in /a", "not in /a"), (("info", "in /b"),), ("in /c", "done"))
    assert lines.without("in /.") == Lines(("not in /a",), (), ("done",))
    assert lines.without("") == lines
