"""A bundle's metadata."""

from __future__ import annotations

import json
import platform
import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import dagfloe
from dagfloe import Bundle
from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.metadata import bundle_metadata, platform_tag

task_ids = st.lists(st.text("abcé._-0", min_size=1, max_size=4), unique=True, max_size=4)


def test_metadata() -> None:
    """The metadata has the project, its platform, the Dags by id, their tasks in order, and the SDK."""
    bundle = Bundle()
    for dag_id, names in (("zoo", ["b", "a"]), ("bar", ["x"])):
        dag = bundle.dag(dag_id)
        for name in names:
            dag.task(task_id=name)(print_nothing)
    config = BundleConfig("tasks:bundle", "project", "1.2.3", "tasks.py", schema_version="2026-10-30")
    assert bundle_metadata(config, bundle) == {
        "airflow_bundle_metadata_version": "1.0",
        "bundle": {
            "name": "project",
            "version": "1.2.3",
            "platform": platform_tag(),
            "python": ".".join(map(str, sys.version_info[:3])),
        },
        "dags": {
            "bar": {"declaration": {"tasks": {"x": {}}}, "task_handlers": [handler("x")], "tasks": ["x"]},
            "zoo": {
                "declaration": {"tasks": {"b": {}, "a": {}}},
                "task_handlers": [handler("b"), handler("a")],
                "tasks": ["b", "a"],
            },
        },
        "sdk": {
            "language": "python",
            "name": "dagfloe",
            "version": dagfloe.__version__,
            "supervisor_schema_version": "2026-10-30",
        },
        "source": "tasks.py",
    }


def test_native_dags() -> None:
    """A native Dag has its module, which is that of the call, and no task handlers."""
    bundle = Bundle()
    for dag_id in ("first", "second"):
        bundle.dag(dag_id).task(task_id="x")(print_nothing)
    scope = {"__name__": 3, "bundle": bundle, "print_nothing": print_nothing}
    exec("bundle.dag('third').task(task_id='x')(print_nothing)", scope)  # noqa: S102 - a namespace that belongs to no module
    native = {"declaration": {"tasks": {"x": {}}}, "is_native": True, "tasks": ["x"]}
    for native_dags, dag_ids in ((True, ["first", "second", "third"]), (("second", "third"), ["second", "third"])):
        config = BundleConfig("tasks:bundle", "project", "1", "tasks.py", native_dags=native_dags)
        dags = bundle_metadata(config, bundle)["dags"]
        assert [dag_id for dag_id, dag in dags.items() if dag.get("is_native")] == dag_ids
        assert dags["second"] == {**native, "module": __name__}
        assert dags["third"] == native
        assert dags["first"].get("task_handlers") == (None if native_dags is True else [handler("x")])


def test_the_module_of_a_function() -> None:
    """A Dag that is written as a function, with or without a dag_id, has the module of the function."""
    bundle = Bundle()
    task = bundle.dag("tasks").task(print_nothing)

    @bundle.dag("named", schedule="@daily")
    def first() -> None:
        """Declare nothing."""

    @bundle.dag(schedule="@daily")
    def second() -> None:
        """Declare nothing."""

    config = BundleConfig("tasks:bundle", "project", "1", "tasks.py", native_dags=True)
    dags = bundle_metadata(config, bundle)["dags"]
    assert {dag_id: dag["module"] for dag_id, dag in dags.items()} == dict.fromkeys(
        ("named", "second", "tasks"), __name__
    )
    assert task.task_id == "print_nothing"


def handler(task_id: str) -> dict[str, Any]:
    """The declared handler of a task without parameters."""
    return {"task_id": task_id, "binding": "named", "params": []}


def print_nothing() -> None:
    """Do nothing."""


@given(st.dictionaries(st.text("abcé._-0", min_size=1, max_size=4), task_ids, max_size=4))
def test_order_of_registration_of_dags_does_not_matter(registered: dict[str, list[str]]) -> None:
    """The same Dags give the same bytes in any order of registration."""
    texts = set()
    for dag_ids in (list(registered), sorted(registered), sorted(registered, reverse=True)):
        bundle = Bundle()
        for dag_id in dag_ids:
            dag = bundle.dag(dag_id)
            for task_id in registered[dag_id]:
                dag.task(task_id=task_id)(print_nothing)
        texts.add(json.dumps(bundle_metadata(BundleConfig("t:b", "p", "1", "t.py"), bundle)))
    (text,) = texts
    assert {dag_id: dag["tasks"] for dag_id, dag in json.loads(text)["dags"].items()} == registered


def test_platform_tag() -> None:
    """The platform is the operating system and the processor, in lower case."""
    system, _, machine = platform_tag().partition("-")
    assert system == sys.platform
    assert machine == platform.machine().lower()


def test_default_schema_version() -> None:
    """By default, a bundle speaks the schema version that both Airflow 3.3 and 3.4 accept."""
    assert BundleConfig("t:b", "p", "1", "t.py").schema_version == "2026-06-16"
