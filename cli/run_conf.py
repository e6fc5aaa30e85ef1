"""The conf of a Dag run, checked as Airflow checks that of a run that somebody triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.errors import UsageError
from dagfloe.local.seed.entries import check_json_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.local.schedule.manifest_graph import Graph


def check_params(graph: Graph, conf: Mapping[str, Any]) -> None:
    """Check that all params of a Dag have values, and that the values fit their schemas.

    Args:
        graph: the Dag.
        conf: the conf of the run, which replaces the defaults.

    Raises:
        UsageError: if a param has no value, or a value that Airflow refuses.
    """
    values = {**check_json_table("the Dag's params:", dict(graph.params)), **conf}
    for name, declared in graph.param_schemas.items():
        option = f"--param {name}=VALUE"
        if name not in values:
            raise UsageError(f"the Dag {graph.dag_id!r} has no value for its param {name!r}: pass {option}")
        from dagfloe.format.param_schema import find_value_problem  # noqa: PLC0415 - few Dags have schemas

        problem = find_value_problem(values[name], dict(declared["schema"]))
        if problem is None:
            continue
        needs_string = declared["schema"].get("type") == "string" and not isinstance(values[name], str)
        cure = f"pass --param '{name}=\"TEXT\"'" if needs_string else f"pass {option}"
        cure += "" if name in conf else ", or correct its default"
        raise UsageError(f"the Dag {graph.dag_id!r} refuses the value of its param {name!r}: {problem}; {cure}")
