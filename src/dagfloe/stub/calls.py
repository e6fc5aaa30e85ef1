"""The part of a stub Dag file that calls the stubs, in their task groups. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.stub.source_code import INDENT, Writer, call, literal, string_literal
from dagfloe.stub.wiring import Names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.stub.source_code import Code

#: Names that Airflow refuses for mapped parameters: the keys of its context, and the stub's own arguments.
_RESERVED_PARAMETERS = frozenset(
    """
    asset_state_store conn dag dag_run data_interval_end data_interval_start ds ds_nodash exception expanded_ti_count
    inlet_events inlets logical_date loop macros map_index_template outlet_events outlets params partition_date
    partition_key prev_data_interval_end_success prev_data_interval_start_success prev_end_date_success
    prev_start_date_success reason run_id task task_instance task_instance_key_str task_reschedule_count
    task_state_store templates_dict test_mode ti triggering_asset_events try_number ts ts_nodash ts_nodash_with_tz var
    self executor queue task_id retries retry_delay retry_exponential_backoff max_retry_delay execution_timeout
    trigger_rule depends_on_past pool pool_slots priority_weight owner doc_md start_date end_date
    ignore_first_depends_on_past wait_for_past_depends_before_skipping wait_for_downstream weight_rule
    max_active_tis_per_dag max_active_tis_per_dagrun executor_config do_xcom_push multiple_outputs task_display_name
    doc doc_json doc_rst doc_yaml
    """.split()  # noqa: SIM905 - as a list it would be a page long
)


def name_parameters(task: Mapping[str, Any]) -> dict[str, str]:
    """Names for the parameters of a stub, by the mapped parameters of the bundle's function."""
    names = Names(_RESERVED_PARAMETERS)
    return {name: names.new(name) for name in sorted(task.get("mapped", {}))}  # as in the manifest of a file


def write_calls(
    writer: Writer,
    tasks: Mapping[str, Mapping[str, Any]],
    functions: Mapping[str, str],
    results: Mapping[str, str],
    names: Names,
    group_options: Mapping[str, Mapping[str, Any]],
) -> None:
    """Write a call of every stub, in its task group.

    Args:
        writer: the file.
        tasks: the declarations of the tasks, by task_id.
        functions: the functions of the stubs, by task_id.
        results: the variables for the tasks that are used later.
        names: the names in the Dag's block.
        group_options: the options of task groups, by group_id.
    """
    reopened = _reopened_groups(tasks)
    groups = {group: names.new(group, "_group") for group in reopened}
    opened: set[str] = set()
    path: list[str] = []
    for task_id, task in tasks.items():
        task_path = _group_path(task)
        while path != task_path[: len(path)]:
            path.pop()
        for group in task_path[len(path) :]:
            depth = INDENT * (len(path) + 1)
            if group in opened:
                writer.line(depth, f"with {groups[group]}:")
            else:
                local = group[len(path[-1]) + 1 :] if path else group
                after = f" as {groups[group]}:" if group in reopened else ":"
                options = {key: literal(value) for key, value in sorted(group_options.get(group, {}).items())}
                writer.code(depth, call("TaskGroup", string_literal(local), **options), "with ", after)
            opened.add(group)
            path.append(group)
        before = f"{results[task_id]} = " if task_id in results else ""
        writer.code(INDENT * (len(path) + 1), _task_call(task, functions[task_id], results), before)


def _group_path(task: Mapping[str, Any]) -> list[str]:
    """The ids of the groups around a task; the outermost comes first."""
    parts = task["group"].split(".") if "group" in task else []
    return [".".join(parts[: length + 1]) for length in range(len(parts))]


def _reopened_groups(tasks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The groups that have more than one block."""
    opened: list[str] = []
    path: list[str] = []
    for task in tasks.values():
        task_path = _group_path(task)
        opened += [group for group in task_path if group not in path]
        path = task_path
    return sorted({group for group in opened if opened.count(group) > 1})


def _task_call(task: Mapping[str, Any], function: str, results: Mapping[str, str]) -> Code:
    mapped = task.get("mapped", {})
    if not mapped:
        return call(function)
    return call(
        f"{function}.expand",
        **{parameter: _source(mapped[name], results) for name, parameter in name_parameters(task).items()},
    )


def _source(source: Mapping[str, Any], results: Mapping[str, str]) -> Code:
    if "xcom" in source:
        return results[source["xcom"]]
    if "values" in source:
        return literal(source["values"])
    return call("list", call("range", str(source["length"])))  # only the bundle knows the items
