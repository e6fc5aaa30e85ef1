"""The stub Dag file of a bundle: everything that Airflow must know about Dags whose tasks run in a bundle file. Pure.

`render_stub` makes its source code from a manifest. `dagfloe stub` writes the code to a file. `dagfloe.airflow`, the
loader for the Dags folder, executes it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dagfloe.constants import DEFAULT_QUEUE
from dagfloe.format.declarations import declaration, is_native
from dagfloe.format.errors import StubError
from dagfloe.stub.calls import name_parameters, write_calls
from dagfloe.stub.literals import assets, date, deadlines, duration, params, schedule
from dagfloe.stub.source_code import INDENT, WIDTH, Writer, attribute, call, literal, string_literal
from dagfloe.stub.wiring import Names, chain_tasks, mapped_sources, order_calls, render_chain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagfloe.stub.source_code import Code

#: The names to import, by module; in the order of linters: constants, classes, functions.
_IMPORTS = {
    "airflow.sdk": (
        "DAG",
        "Asset",
        "AssetAlias",
        "AssetAll",
        "AssetAny",
        "AsyncCallback",
        "DeadlineAlert",
        "DeadlineReference",
        "Param",
        "SyncCallback",
        "TaskGroup",
        "setup",
        "task",
        "teardown",
    ),
    "airflow.sdk.definitions.deadline": ("VariableInterval",),
}
_CODE_NAMES = frozenset(
    ("list", "pendulum", "range", "timedelta", *(name for names in _IMPORTS.values() for name in names))
)
#: The first supervisor schema version of Airflow 3.4.
_SCHEMA_OF_3_4 = "2026-10-30"
_DAG_OPTIONS: dict[str, tuple[str, Callable[[Any], Code]]] = {
    "end_date": ("end_date", date),
    "catchup": ("catchup", literal),
    "tags": ("tags", literal),
    "params": ("params", lambda code: code),
    "max_active_runs": ("max_active_runs", literal),
    "max_active_tasks": ("max_active_tasks", literal),
    "max_consecutive_failed_dag_runs": ("max_consecutive_failed_dag_runs", literal),
    "dagrun_timeout_s": ("dagrun_timeout", duration),
    "deadline": ("deadline", lambda code: code),
    "fail_fast": ("fail_fast", literal),
    "allowed_run_types": ("allowed_run_types", literal),
    "is_paused_upon_creation": ("is_paused_upon_creation", literal),
    "disable_bundle_versioning": ("disable_bundle_versioning", literal),
    "rerun_with_latest_version": ("rerun_with_latest_version", literal),
    "owner_links": ("owner_links", literal),
    "access_control": ("access_control", literal),
    "dag_display_name": ("dag_display_name", literal),
    "doc_md": ("doc_md", literal),
}
_TASK_OPTIONS: dict[str, tuple[str, Callable[[Any], Code]]] = {
    "retries": ("retries", literal),
    "retry_delay_s": ("retry_delay", duration),
    "retry_exponential_backoff": ("retry_exponential_backoff", literal),
    "max_retry_delay_s": ("max_retry_delay", duration),
    "execution_timeout_s": ("execution_timeout", duration),
    "start_date": ("start_date", date),
    "end_date": ("end_date", date),
    "trigger_rule": ("trigger_rule", literal),
    "depends_on_past": ("depends_on_past", literal),
    "ignore_first_depends_on_past": ("ignore_first_depends_on_past", literal),
    "wait_for_past_depends_before_skipping": ("wait_for_past_depends_before_skipping", literal),
    "wait_for_downstream": ("wait_for_downstream", literal),
    "pool": ("pool", literal),
    "pool_slots": ("pool_slots", literal),
    "priority_weight": ("priority_weight", literal),
    "weight_rule": ("weight_rule", literal),
    "max_active_tis_per_dag": ("max_active_tis_per_dag", literal),
    "max_active_tis_per_dagrun": ("max_active_tis_per_dagrun", literal),
    "executor": ("executor", literal),
    "executor_config": ("executor_config", literal),
    "owner": ("owner", literal),
    "do_xcom_push": ("do_xcom_push", literal),
    "multiple_outputs": ("multiple_outputs", literal),
    "inlets": ("inlets", assets),
    "outlets": ("outlets", assets),
    "task_display_name": ("task_display_name", literal),
    "doc": ("doc", literal),
    "doc_md": ("doc_md", literal),
    "doc_json": ("doc_json", literal),
    "doc_rst": ("doc_rst", literal),
    "doc_yaml": ("doc_yaml", literal),
}


def render_stub(manifest: Mapping[str, Any], dag_ids: Sequence[str] | None = None, *, queue: str | None = None) -> str:
    """The source code of a stub Dag file, in the layout of `ruff format`.

    Args:
        manifest: the manifest of a bundle file, or the metadata of a project. It must follow the schema.
        dag_ids: the Dags to write; by default all Dags of the manifest that are not native.
        queue: the queue of every task; by default the queue that the task declares, or else `dagfloe`.

    Raises:
        StubError: if the manifest declares something that a stub Dag cannot express, or a Dag to write is native.
    """
    dags = manifest["dags"]
    if native := [dag_id for dag_id in dag_ids or () if is_native(manifest, dag_id)]:
        raise StubError(f"the Dag {native[0]!r} is native: Airflow gets it from the bundle file, and needs no stub Dag")
    dag_ids = [dag_id for dag_id in dag_ids or sorted(dags) if not is_native(manifest, dag_id)]
    if not dag_ids:
        raise StubError("all Dags of the bundle are native: Airflow gets them from the bundle file, and needs no stub")
    names = Names(_CODE_NAMES)
    variables = {dag_id: names.new(dag_id, "_dag") for dag_id in dag_ids}
    reserved = _CODE_NAMES.union(variables.values())
    writer = Writer()
    for dag_id in dag_ids:
        writer.line(0, "")
        _write_dag(writer, dag_id, manifest, variables[dag_id], reserved, queue)
    return "\n".join([*header(manifest), "", *_imports(writer.called), *writer.lines, ""])


def header(manifest: Mapping[str, Any]) -> list[str]:
    """The comment at the top of the file, which names its bundle."""
    bundle, digests = manifest.get("bundle"), manifest.get("digests")
    if isinstance(bundle, dict) and bundle.get("name") and bundle.get("version"):
        source = f"bundle {string_literal(str(bundle['name']))}, version {string_literal(str(bundle['version']))}"
    else:
        source = f"a bundle of the {manifest['sdk']['language']} SDK"
    lines = [f"# Generated by `dagfloe stub` from {source}. Do not edit it: generate it again."]
    if isinstance(digests, dict) and digests.get("cache"):
        lines.append(f"# Cache digest: {digests['cache']}")
    return lines


def _imports(called: set[str]) -> list[str]:
    lines = [
        *(["from datetime import timedelta", ""] if "timedelta" in called else []),
        *(["import pendulum"] if "pendulum" in called else []),
    ]
    for module, known in _IMPORTS.items():
        names = [name for name in known if name in called]
        line = f"from {module} import {', '.join(names)}"
        if names:
            lines += (
                [line] if len(line) <= WIDTH else [f"from {module} import (", *(f"    {name}," for name in names), ")"]
            )
    return lines


def _write_dag(
    writer: Writer, dag_id: str, manifest: Mapping[str, Any], variable: str, reserved: frozenset[str], queue: str | None
) -> None:
    declared = declaration(manifest, dag_id)
    task_ids = manifest["dags"][dag_id]["tasks"]
    tasks = {task_id: (declared or {"tasks": {}})["tasks"].get(task_id, {}) for task_id in task_ids}
    has_queues = manifest["sdk"]["supervisor_schema_version"] >= _SCHEMA_OF_3_4
    head = call("DAG", string_literal(dag_id), **_dag_options(declared or {}, has_queues=has_queues))
    if not tasks:
        writer.code(0, head, f"{variable} = ")
        return
    writer.code(0, head, "with ", f" as {variable}:")
    if declared is None:
        writer.line(INDENT, "# The manifest has no dependencies between tasks: add them at the end of this block.")
    names = Names(reserved)
    functions = {task_id: names.new(task_id) for task_id in tasks}
    for task_id, task in tasks.items():
        _write_function(writer, task_id, task, functions[task_id], queue)
    upstream = {
        task_id: [upstream_id for upstream_id in task.get("upstream", ()) if upstream_id not in mapped_sources(task)]
        for task_id, task in tasks.items()
    }
    ordered = {task_id: tasks[task_id] for task_id in order_calls(tasks, upstream)}
    results = {task_id: names.new(task_id, "_task") for task_id in ordered}
    statements = chain_tasks(upstream, results, WIDTH - INDENT)
    uses = Counter(task_id for statement in statements for part in statement for task_id in part)
    mapped_over = {task_id for task in tasks.values() for task_id in mapped_sources(task)}
    # If one statement uses a stub, and nothing else does, the stub is called in that statement.
    inline = {
        task_id: f"{functions[task_id]}()"
        for task_id, task in tasks.items()
        if uses[task_id] == 1 and task_id not in mapped_over and not {"group", "mapped"} & task.keys()
    }
    results = {task_id: name for task_id, name in results.items() if task_id in uses or task_id in mapped_over}
    called = {task_id: task for task_id, task in ordered.items() if task_id not in inline}
    if called:
        writer.line(0, "")
        write_calls(writer, called, functions, results, names, (declared or {}).get("group_options", {}))
    if statements:
        writer.line(0, "")
    for statement in statements:
        writer.line(INDENT, render_chain(statement, results | inline))
    _write_labels(writer, (declared or {}).get("edge_labels", {}), variable)


def _write_labels(writer: Writer, edge_labels: Mapping[str, Mapping[str, str]], variable: str) -> None:
    """Write the labels of edges. With `Label`, Airflow would connect whole groups in place of the tasks in them."""
    if edge_labels:
        writer.line(0, "")
    for upstream, labels in sorted(edge_labels.items()):
        for downstream, label in sorted(labels.items()):
            arguments = (string_literal(upstream), string_literal(downstream), literal({"label": label}))
            writer.code(INDENT, call(f"{variable}.set_edge_info", *arguments))


def _dag_options(declared: Mapping[str, Any], *, has_queues: bool) -> dict[str, Code]:
    options: dict[str, Code] = {}
    if "description" in declared:
        options["description"] = literal(declared["description"])
    options["schedule"] = schedule(declared.get("schedule"))
    if "start_date" in declared:
        options["start_date"] = date(declared["start_date"], declared.get("timezone"))
    more: dict[str, Code] = {}
    if "params" in declared or "param_schemas" in declared:
        more["params"] = params(declared.get("params", {}), declared.get("param_schemas", {}))
    if "deadline" in declared:
        more["deadline"] = deadlines(declared["deadline"], has_queues=has_queues)
    return options | _options({**declared, **more}, _DAG_OPTIONS)


def _options(declared: Mapping[str, Any], known: Mapping[str, tuple[str, Callable[[Any], Code]]]) -> dict[str, Code]:
    return {name: render(declared[key]) for key, (name, render) in known.items() if key in declared}


def _local_id(task_id: str, task: Mapping[str, Any]) -> str:
    """A task's task_id without the prefix of its group."""
    return task_id.removeprefix(f"{task['group']}.") if "group" in task else task_id


def _write_function(writer: Writer, task_id: str, task: Mapping[str, Any], function: str, queue: str | None) -> None:
    options: dict[str, Code] = {}
    if _local_id(task_id, task) != function:
        options["task_id"] = string_literal(_local_id(task_id, task))
    options["queue"] = string_literal(queue or task.get("queue") or DEFAULT_QUEUE)
    writer.line(0, "")
    if task.get("kind") == "teardown" and task.get("on_failure_fail_dagrun"):
        writer.code(INDENT, call("@teardown", on_failure_fail_dagrun="True"))
    elif task.get("kind") in ("setup", "teardown"):
        writer.code(INDENT, attribute(f"@{task['kind']}"))
    writer.code(INDENT, call("@task.stub", **options, **_options(task, _TASK_OPTIONS)))
    writer.code(INDENT, call(f"def {function}", *name_parameters(task).values()), after=": ...")
