"""Two runs are equal if states, tries, XComs and lines are."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from corpus.comparison import compare
from corpus.observation import Instance, Observation

PRINTED = [{"logger": "task.stdout", "event": "hello", "level": "info"}]
INSTANCE = Instance(
    "load", -1, "success", 1, "@task", "default", {"return_value": {"a": [1, 2.0, True, None]}}, [PRINTED]
)
RUN = Observation("etl", "success", [INSTANCE, replace(INSTANCE, task_id="each", map_index=1)])


def test_equal_runs() -> None:
    """Operator and queue may differ, because they do for every task that moved."""
    moved = replace(INSTANCE, operator="stub", queue="etl")
    assert list(compare(RUN, replace(RUN, instances=[RUN.instances[1], moved]))) == []


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"state": "failed"}, "load: success at try 1, adopted failed at try 1"),
        ({"tries": 2}, "load: success at try 1, adopted success at try 2"),
        ({"xcoms": {}}, "load: the XCom return_value is missing when adopted"),
        ({"xcoms": INSTANCE.xcoms | {"b": 1}}, "load: the XCom b is there only when adopted"),
        (
            {"xcoms": {"return_value": {"a": [1, 2, True, None]}}},
            "load: the XCom return_value is {'a': [1, 2.0, True, None]}, adopted {'a': [1, 2, True, None]}",
        ),
        (
            {"xcoms": {"return_value": {"a": [True, 2.0, True, None]}}},
            "load: the XCom return_value is {'a': [1, 2.0, True, None]}, adopted {'a': [True, 2.0, True, None]}",
        ),
        (
            {"events": [["raw", "file:///raw", {}]]},
            "load: the asset events are [], adopted [['raw', 'file:///raw', {}]]",
        ),
        ({"logs": [[]]}, "load: try 1: printed ['hello'], adopted []"),
    ],
)
def test_runs_that_differ(changes: dict[str, Any], difference: str) -> None:
    """Each difference is a sentence."""
    changed = replace(INSTANCE, **changes)
    assert list(compare(RUN, replace(RUN, instances=[changed, RUN.instances[1]]))) == [difference]


def test_instances_and_states_of_runs() -> None:
    """A run's state counts, and so does a task instance that is in one of the runs only."""
    adopted = Observation("etl", "failed", [INSTANCE])
    assert list(compare(RUN, adopted)) == ["the run is success, adopted failed", "each[1] is only in the original Dag"]
    assert list(compare(adopted, RUN))[1:] == ["each[1] is only in the adopted Dag"]


def test_observations_are_stored_as_json() -> None:
    """An observation survives its JSON file."""
    assert Observation.from_json(json.loads(json.dumps(RUN.to_json()))) == RUN


def test_tasks_that_are_alike() -> None:
    """A random choice between tasks that are alike makes no difference, but its outcome does."""
    ways = [replace(INSTANCE, task_id=f"way_{name}", state="skipped", tries=0, xcoms={}, logs=[]) for name in "ab"]
    first, second = (
        Observation(
            "choice",
            "success",
            [
                replace(INSTANCE, task_id="choose", xcoms={"skipmixin_key": {"followed": [f"way_{chosen}"]}}),
                *(replace(way, state="success") if way.task_id[-1] == chosen else way for way in ways),
            ],
        )
        for chosen in "ab"
    )
    assert list(compare(first, second)) != []
    assert list(compare(first, second, alike="_[ab]$")) == []
    neither = replace(second, instances=[second.instances[0], *ways])
    (difference,) = compare(first, neither, alike="_[ab]$")
    assert difference.startswith("way_any.2: success at try 0, adopted skipped")


def test_lines_that_vary() -> None:
    """Lines that differ in any two runs are not compared."""
    other = replace(INSTANCE, logs=[[{"logger": "task.stdout", "event": "goodbye", "level": "info"}]])
    adopted = replace(RUN, instances=[other, RUN.instances[1]])
    assert list(compare(RUN, adopted, {"load": "hello|goodbye"})) == []
    assert len(list(compare(RUN, adopted, {"each": "hello|goodbye"}))) == 1


def test_forms_of_utc() -> None:
    """The two forms of UTC are the same time zone, and another time zone is not."""
    names = ("pendulum.tz.timezone.FixedTimezone", "pendulum.tz.timezone.Timezone", "zoneinfo.ZoneInfo")
    first, second, third = (
        replace(RUN, instances=[replace(INSTANCE, xcoms={"at": {"tz": ["UTC", name, 1, True]}})]) for name in names
    )
    assert list(compare(first, second)) == []
    assert len(list(compare(first, third))) == 1
