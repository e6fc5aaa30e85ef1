"""The page that maps Airflow's names to dagfloe's."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import dagfloe
from dagfloe import Client, Context, DagRun
from support.run import Run

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "from-airflow.md").read_text("utf-8")
RIGHT_CELLS = [row.split(" | ")[1] for row in re.findall(r"^\| (.+) \|$", PAGE, re.MULTILINE) if " | " in row]
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EXCEPTIONS = [
    name
    for name in dagfloe.__all__
    if inspect.isclass(getattr(dagfloe, name)) and issubclass(getattr(dagfloe, name), BaseException)
]


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_every_exception_is_on_the_page(name: str) -> None:
    """The page contains every public exception."""
    assert f"`{name}`" in PAGE


def test_names_exist() -> None:
    """Every call and attribute in the right column exists."""
    calls = set(re.findall(r"`(client|context)\.([\w.]+)", " ".join(RIGHT_CELLS)))
    assert len(calls) >= 30
    run = Run()
    for owner, path in sorted(calls):
        kind: object = Client if owner == "client" else Context
        first, *rest = path.split(".")
        assert hasattr(kind, first) or first in Context.__annotations__, path
        if not rest:
            continue
        if owner == "context":
            assert rest == ["conf"]
            assert hasattr(DagRun, "conf")
            continue
        group = getattr(run.client(), first)
        assert hasattr(group, rest[0]), path


def test_code_blocks_run() -> None:
    """The Python blocks of the page register tasks, and the tasks run."""
    assert len(BLOCKS) == 3
    run, namespace = Run(), dict[str, Any]()
    for block in BLOCKS:
        exec(compile(block, "from-airflow.md", "exec", dont_inherit=True), namespace)  # noqa: S102 - our own page
    run.bundle, run.dag = namespace["bundle"], namespace["dag"]
    task_instance = {"dag_id": run.dag.dag_id}
    assert run(task_id="wait", ti=task_instance)["next_method"] == "arrived"
    resumed = run(task_id="wait", ti=task_instance, next_method="arrived", next_kwargs={"event": 1, "rows": 3})
    assert resumed["type"] == "SucceedTask"
    assert run(task_id="load", ti=task_instance)["type"] == "SucceedTask"
    run.airflow.xcoms["transform", "return_value"] = {"total": 70}
    assert run(task_id="store", ti=task_instance)["type"] == "SucceedTask"
    assert run.airflow.sent("SetXCom")[-1]["value"] == "sales: 70"
    assert run.dag.reachable_from("extract") == {"transform", "store"}
