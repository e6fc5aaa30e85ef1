"""Params with a schema or a description: which are valid, and what a Dag has of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dagfloe import Bundle, Param
from dagfloe.errors import RegistrationError


def test_params_of_a_dag() -> None:
    """A Dag has the defaults of all params, and the schemas of those that are declared with `Param`."""
    params = {
        "plain": [1],
        "limit": Param(5, "How many", type="integer", minimum=1),
        "none": Param(None, type=["null", "string"]),
        "required": Param(type="string"),
        "whole": Param(1, schema={"type": "integer", "title": "It"}),
    }
    dag = Bundle().dag("d", params=params)
    assert dag.default_params == {"plain": [1], "limit": 5, "none": None, "whole": 1}
    assert dag.declared["param_schemas"] == {
        "limit": {"schema": {"type": "integer", "minimum": 1}, "description": "How many"},
        "none": {"schema": {"type": ["null", "string"]}},
        "required": {"schema": {"type": "string"}},
        "whole": {"schema": {"type": "integer", "title": "It"}},
    }
    assert "param_schemas" not in Bundle().dag("d", params={"a": 1}).declared
    assert repr(params["required"]) == "Param(<no default>, description=None, schema={'type': 'string'})"


@pytest.mark.parametrize(
    ("args", "schema", "message"),
    [
        ([datetime(2026, 1, 1)], {}, "the default of a Param has no JSON form: .*datetime"),  # noqa: DTZ001
        ([1], {"minimum": {1}}, "the schema of a Param has no JSON form: .*minimum.*set"),
        ([1], {"schema": "integer"}, "the schema of a Param is 'integer', expected a dict"),
        ([1, 2], {}, "the description of a Param is 2, expected a str"),
    ],
)
def test_wrong_params(args: list[Any], schema: dict[str, Any], message: str) -> None:
    """A default and a schema need a JSON form."""
    with pytest.raises(RegistrationError, match=message):
        Param(*args, **schema)
