"""The values of a run's params: the Dag's defaults, and the run's conf over them."""

from __future__ import annotations

from typing import Any

import pytest

from dagfloe import BundleInfo, Context, DagRun, TaskInstance
from dagfloe.cancellation import Cancellation
from dagfloe.model.params import OVERRIDES_VARIABLE, find_param_problem, merge_params


def context_with(defaults: dict[str, Any], conf: dict[str, Any]) -> Context:
    return Context(
        ti=TaskInstance(id="i", dag_id="d", task_id="t", run_id="r"),
        dag_run=DagRun(dag_id="d", run_id="r", conf=conf),
        bundle_info=BundleInfo(name="bundles"),
        default_params=defaults,
        cancellation=Cancellation(),
    )


@pytest.mark.parametrize(
    ("conf", "expected"),
    [
        ({}, {"limit": 5, "filter": {"a": 1, "b": 2}, "note": None}),
        ({"limit": 7}, {"limit": 7, "filter": {"a": 1, "b": 2}, "note": None}),
        ({"limit": None, "note": ""}, {"limit": None, "filter": {"a": 1, "b": 2}, "note": ""}),
        ({"filter": {"c": 3}}, {"limit": 5, "filter": {"c": 3}, "note": None}),
        ({"more": [1]}, {"limit": 5, "filter": {"a": 1, "b": 2}, "note": None, "more": [1]}),
    ],
    ids=["defaults", "replaced", "replaced by None", "replaced as a whole", "undeclared"],
)
def test_merged(conf: dict[str, Any], expected: dict[str, Any]) -> None:
    """Every key of the conf replaces a default or is added, as in Airflow's own worker."""
    assert context_with({"limit": 5, "filter": {"a": 1, "b": 2}, "note": None}, conf).params == expected


@pytest.mark.parametrize(("text", "limit"), [("False", 5), (" f ", 5), ("0", 5), ("true", 7), ("", 7)])
def test_setting(monkeypatch: pytest.MonkeyPatch, text: str, limit: int) -> None:
    """With Airflow's setting `dag_run_conf_overrides_params` off, the conf changes no param and adds none."""
    monkeypatch.setenv(OVERRIDES_VARIABLE, text)
    params = context_with({"limit": 5}, {"limit": 7, "more": 1}).params
    assert params["limit"] == limit
    assert ("more" in params) == (limit == 7)


def test_nothing_is_shared() -> None:
    """A task that changes a param changes neither the Dag's default nor the conf, and sees its change again."""
    defaults, conf = {"days": [1, {"a": (2,)}]}, {"names": ["x"]}
    task_context = context_with(defaults, conf)
    task_context.params["days"].append(3)
    task_context.params["names"].clear()
    assert (defaults, conf) == ({"days": [1, {"a": (2,)}]}, {"names": ["x"]})
    assert task_context.params == {"days": [1, {"a": [2]}, 3], "names": []}


def test_repr_hides_them() -> None:
    """The params are not in the context's `repr`: the conf may hold secrets."""
    task_context = context_with({"password": "hunter2"}, {"token": "hunter2"})
    assert task_context.params
    assert "hunter2" not in repr(task_context)


def test_without_default() -> None:
    """A param without a default is missing unless the conf has it."""
    assert merge_params({}, {}) == {}
    assert merge_params({}, {"day": "monday"}) == {"day": "monday"}


@pytest.mark.parametrize(
    ("conf", "problem"),
    [
        ({"day": "monday"}, None),
        ({"day": None, "limit": 1, "more": "x"}, None),
        ({}, "param 'day' has no default, and the conf of the run has no value for it"),
        ({"day": "x", "limit": "secret"}, "param 'limit': must be of type integer, not string"),
        ({"day": "x", "limit": None}, "param 'limit': must be of type integer, not null"),
    ],
)
def test_checked(conf: dict[str, Any], problem: str | None) -> None:
    """Declared params must have values that fit their schemas. The message does not show a value."""
    schemas: dict[str, dict[str, Any]] = {"day": {"schema": {}}, "limit": {"schema": {"type": "integer"}}}
    assert find_param_problem({"limit": 5}, schemas, conf) == problem


def test_tuples_are_lists() -> None:
    """A default that is a tuple is a JSON list, as Airflow stores it."""
    assert find_param_problem({"days": (1, 2)}, {"days": {"schema": {"type": "array"}}}, {}) is None
