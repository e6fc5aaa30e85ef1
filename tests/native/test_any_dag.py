"""Whatever dagfloe accepts, Airflow's own deserializer accepts and gives back equal.

`make native-fuzz` runs these tests with 10,000 examples, `make test` with 200.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from dagfloe.native.check import problems
from dagfloe.native.serialized_dag import serialize_dag
from support.declarations import dag_declarations, local_ids
from support.native_airflow import as_answer, differences, expected, unequal

if TYPE_CHECKING:
    from support.native_airflow import Airflow

EXAMPLES = int(os.environ.get("DAGFLOE_NATIVE_EXAMPLES", "200"))

pytestmark = pytest.mark.timeout(60 + EXAMPLES)


def manifest(dag_id: str, declared: dict[str, Any]) -> dict[str, Any]:
    """A manifest with one Dag."""
    return {
        "sdk": {"name": "dagfloe"},
        "dags": {dag_id: {"tasks": list(declared["tasks"]), "declaration": declared}},
    }


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(dag_id=local_ids, declared=dag_declarations())
def test_what_is_accepted_comes_back(airflow: Airflow, dag_id: str, declared: dict[str, Any]) -> None:
    """A Dag that passes the checks is the same in Airflow, and serialized as Airflow serializes it."""
    bundle = manifest(dag_id, declared)
    assert list(problems(bundle, dag_id)) == []  # the strategy makes only correct Dags
    native = serialize_dag(bundle, dag_id)
    actual = airflow.ask(declared={"dag_id": dag_id, **declared}, serialized=as_answer(native))
    assert actual.get("serialized_error") is None
    assert actual.get("declared_error") is None
    assert differences(actual["serialized"], expected(bundle, dag_id)) == []
    assert unequal(native, actual["declared"]) == []
