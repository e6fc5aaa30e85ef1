"""The part of a stub Dag file where the stubs are called, each in its task group. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.stub.source_code import Writer, call, literal, text
from dagfloe.stub.wiring import Names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.stub.source_code import Code

_INDENT = 4
#: Names that Airflow does not let a mapped parameter have: those of its context, and of what the stub is given.
_NO_PARAMETERS = frozenset(
    """
    asset_state_store conn dag dag_run data_interval_end data_interval_start ds ds_nodash exception expanded_ti_count
    inlet_events inlets logical_date loop macros map_index_template outlet_events outlets params partition_date
    partition_key prev_data_interval_end_success prev_data_interval_start_success prev_end_date_success
    prev_start_date_success reason run_id task task_instance task_instance_key_str task_reschedule_count
    task_state_store templates_dict test_mode ti triggering_asset_events try_number ts ts_nodash ts_nodash_with_tz var
    self executor queue task_id retries retry_delay retry_exponential_backoff max_retry_delay execution_timeout
    trigger_rule depends_on_past pool pool_slots priority_weight owner doc_md
    """.split()  # noqa: SIM905 - as a list it would be a page long
)


def parameters_of(task: Mapping[str, Any]) -> dict[str, str]:
    """The names of a stub's parameters, by those of the bundle's function that are mapped."""
    names = Names(_NO_PARAMETERS)
    return {name: names.take(name) for name in sorted(task.get("mapped", {}))}  # a file's manifest is sorted


def write_calls(
    writer: Writer,
    tasks: Mapping[str, Mapping[str, Any]],
    functions: Mapping[str, str],
    results: Mapping[str, str],
    names: Names,
) -> None:
    """Call the stubs, each in its group, so that there is a task of each."""
    again = _groups_again(tasks)
    groups = {group: names.take(group, "_group") for group in again}
    opened: set[str] = set()
    path: list[str] = []
    for task_id, task in tasks.items():
        wanted = _group_path(task)
        while path != wanted[: len(path)]:
            path.pop()
        for group in wanted[len(path) :]:
            depth = _INDENT * (len(path) + 1)
            if group in opened:
                writer.line(depth, f"with {groups[group]}:")
            else:
                local = group[len(path[-1]) + 1 :] if path else group
                after = f" as {groups[group]}:" if group in again else ":"
                writer.code(depth, call("TaskGroup", text(local)), "with ", after)
            opened.add(group)
            path.append(group)
        before = f"{results[task_id]} = " if task_id in results else ""
        writer.code(_INDENT * (len(path) + 1), _task_call(task, functions[task_id], results), before)


def _group_path(task: Mapping[str, Any]) -> list[str]:
    """The ids of the groups around a task, the outermost first."""
    parts = task["group"].split(".") if "group" in task else []
    return [".".join(parts[: length + 1]) for length in range(len(parts))]


def _groups_again(tasks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The groups whose blocks are opened more than once."""
    opened: list[str] = []
    path: list[str] = []
    for task in tasks.values():
        wanted = _group_path(task)
        opened += [group for group in wanted if group not in path]
        path = wanted
    return sorted({group for group in opened if opened.count(group) > 1})


def _task_call(task: Mapping[str, Any], function: str, results: Mapping[str, str]) -> Code:
    mapped = task.get("mapped", {})
    if not mapped:
        return call(function)
    return call(
        f"{function}.expand",
        **{parameter: _source(mapped[name], results) for name, parameter in parameters_of(task).items()},
    )


def _source(source: Mapping[str, Any], results: Mapping[str, str]) -> Code:
    if "xcom" in source:
        return results[source["xcom"]]
    if "values" in source:
        return literal(source["values"])
    return call("list", call("range", str(source["length"])))  # what the items are, the bundle knows
