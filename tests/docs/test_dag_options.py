"""The page that lists Airflow's options: dagfloe takes each option that it says so of, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dagfloe import Bundle, TaskGroup
from dagfloe.errors import RegistrationError
from e2e import test_native_options as tested

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "dag-options.md").read_text("utf-8")
#: The options that are arguments of their own.
IDS = {"dag_id", "task_id", "group_id"}


def rows(title: str) -> dict[str, str]:
    """The options in a table of the page, and whether dagfloe has them."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    table = dict(re.findall(r"^\| `(\w+)` \| (\w+) \| .*\|$", section, re.MULTILINE))
    assert len(table) > 10
    return table


def register(title: str, option: str, value: object) -> Any:
    """Register something with one option."""
    bundle = Bundle()
    options: dict[str, Any] = {option: value}
    if title == "Dags":
        return bundle.dag("d", **options)
    if title == "Tasks":
        return bundle.dag("d").task(task_id="t", **options)(lambda: None)
    with bundle.dag("d"):
        return TaskGroup("g", **options)


@pytest.mark.parametrize("title", ["Dags", "Tasks", "Task groups"])
def test_options(title: str) -> None:
    """Every option of Airflow is known, or refused by its name."""
    options = rows(title)
    assert set(options.values()) == {"yes", "no"}
    assert list(options) == sorted(options)
    assert {name for name, is_known in options.items() if is_known == "yes"} >= IDS & set(options)
    for name, is_known in options.items():
        if name in IDS:
            continue
        if is_known == "yes":
            register(title, name, None)
        else:
            with pytest.raises(RegistrationError, match=f"has no option '{name}'"):
                register(title, name, None)


@pytest.mark.parametrize(
    ("title", "cases"),
    [("Dags", tested.DAG_OPTIONS), ("Tasks", tested.TASK_OPTIONS), ("Task groups", tested.GROUP_OPTIONS)],
)
def test_options_are_tested_with_a_dag_processor(title: str, cases: dict[str, object]) -> None:
    """For every option that dagfloe has, `make airflow-e2e` looks up what Airflow got. Schedules have several cases."""
    known = {name for name, is_known in rows(title).items() if is_known == "yes"}
    assert known - {name.partition("-")[0] for name in cases} - set(tested.IN_THE_BUNDLE) == set()
