"""Tasks in Airflow's serialized form. Pure.

Airflow leaves out what has its default, and so does this module. A mapped task has most of its options in
`partial_kwargs`, where durations and mappings name their type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.constants import DEFAULT_QUEUE, TEARDOWN_RULE
from dagfloe.native.assets import asset
from dagfloe.native.encoding import duration, encode, params, timestamp, typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DEFAULT_RETRY_DELAY_S = 300.0
_PRIORITY_LIMIT = 2**31
#: The options that keep their name and their value, with the values that Airflow leaves out.
_OPTIONS: dict[str, Any] = {
    "depends_on_past": False,
    "do_xcom_push": True,
    "doc": None,
    "doc_json": None,
    "doc_md": None,
    "doc_rst": None,
    "doc_yaml": None,
    "executor": None,
    "ignore_first_depends_on_past": False,
    "max_active_tis_per_dag": None,
    "max_active_tis_per_dagrun": None,
    "owner": "airflow",
    "pool": "default_pool",
    "pool_slots": 1,
    "priority_weight": 1,
    "queue": "default",
    "retries": 0,
    "retry_exponential_backoff": 0,
    "trigger_rule": "all_success",
    "wait_for_downstream": False,
    "wait_for_past_depends_before_skipping": False,
    "weight_rule": "downstream",
}
_DURATIONS = ("execution_timeout", "max_retry_delay", "retry_delay")
_SKIPPING_KINDS = ("branch", "short_circuit")


def task(
    task_id: str, declared: Mapping[str, Any], dag: Mapping[str, Any], downstream: Iterable[str]
) -> dict[str, Any]:
    """A task.

    Args:
        task_id: its task_id.
        declared: its declaration.
        dag: the declaration of its Dag.
        downstream: the tasks right after it.
    """
    kind = declared.get("kind", "task")
    fields: dict[str, Any] = {
        "task_id": task_id,
        # Airflow's web page shows this as the operator. It imports neither of the two.
        "task_type": f"@dag.{kind}",
        "_task_module": "dagfloe",
        "template_fields": [],
    }
    downstream_ids = sorted(downstream)
    if downstream_ids:
        fields["downstream_task_ids"] = downstream_ids
    if kind in _SKIPPING_KINDS:
        fields["_can_skip_downstream"] = True
    fields |= _dates(declared, dag)
    repeated = params(dag, source="dag")
    if repeated:
        fields["params"] = repeated
    fields |= _mapped_options(declared) if "mapped" in declared else _options(declared)
    return typed("operator", fields)


def _dates(declared: Mapping[str, Any], dag: Mapping[str, Any]) -> dict[str, float]:
    """A task's dates, within those of its Dag. Airflow leaves them out where they are the same."""
    dates = {}
    for name, choose in (("start_date", max), ("end_date", min)):
        if name in declared:
            of_dag = [timestamp(dag[name])] if name in dag else []
            date = choose([timestamp(declared[name]), *of_dag])
            if date not in of_dag:
                dates[name] = date
    return dates


def _common_options(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are the same for mapped tasks and others."""
    options: dict[str, Any] = {}
    stated = {"queue": DEFAULT_QUEUE, **declared}
    if declared.get("wait_for_downstream"):
        stated["depends_on_past"] = True
    if declared.get("kind") == "setup":
        options["is_setup"] = True
    elif declared.get("kind") == "teardown":
        options["is_teardown"] = True
        stated["trigger_rule"] = TEARDOWN_RULE
        if declared.get("on_failure_fail_dagrun"):
            options["on_failure_fail_dagrun"] = True
    options |= {name: stated[name] for name, default in _OPTIONS.items() if stated.get(name, default) != default}
    if declared.get("executor_config"):
        options["executor_config"] = encode(declared["executor_config"])
    options |= {name: [asset(item) for item in declared[name]] for name in ("inlets", "outlets") if declared.get(name)}
    return options


def _options(declared: Mapping[str, Any]) -> dict[str, Any]:
    options = _common_options(declared)
    if "priority_weight" in options:
        options["priority_weight"] = max(-_PRIORITY_LIMIT, min(_PRIORITY_LIMIT - 1, options["priority_weight"]))
    options |= {"_needs_expansion": False, "retry_delay": _DEFAULT_RETRY_DELAY_S}
    options |= {name: duration(declared[f"{name}_s"]) for name in _DURATIONS if f"{name}_s" in declared}
    if declared.get("multiple_outputs"):
        options["multiple_outputs"] = True
    if "task_display_name" in declared:
        options["_task_display_name"] = declared["task_display_name"]
    if declared.get("arguments"):
        # Airflow passes the bindings of stubs only. The bundle binds the arguments of all other tasks.
        options["is_stub"] = True
        options["_arg_bindings"] = declared["arguments"]
    return options


def _mapped_options(declared: Mapping[str, Any]) -> dict[str, Any]:
    options = _common_options(declared)
    options |= {
        name: typed("timedelta", duration(declared[f"{name}_s"])) for name in _DURATIONS if f"{name}_s" in declared
    }
    if "task_display_name" in declared:
        options["task_display_name"] = declared["task_display_name"]
    values = {name: _mapped_values(source) for name, source in declared["mapped"].items()}
    return {
        "_is_mapped": True,
        "_disallow_kwargs_override": False,
        "_expand_input_attr": "op_kwargs_expand_input",
        "op_kwargs_expand_input": {"type": "dict-of-lists", "value": typed("dict", values)},
        "partial_kwargs": options,
    }


def _mapped_values(source: Mapping[str, Any]) -> Any:
    if "xcom" in source:
        return typed("xcomref", {"task_id": source["xcom"], "key": "return_value"})
    # Only the bundle knows values without a JSON form. Airflow needs their number.
    return encode(source["values"]) if "values" in source else list(range(source["length"]))
