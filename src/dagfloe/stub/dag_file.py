"""The stub Dag file of a bundle: what Airflow must know of Dags whose tasks run in a bundle file. Pure.

One function makes its text from a manifest. `dagfloe stub` writes that text, and the loader for the Dags folder,
`dagfloe.airflow`, runs it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dagfloe.stub.calls import parameters_of, write_calls
from dagfloe.stub.literals import assets, moment, schedule, span
from dagfloe.stub.source_code import WIDTH, Writer, call, literal, text
from dagfloe.stub.wiring import Names, chained, chains, in_order_of_calls, sources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagfloe.stub.source_code import Code

DEFAULT_QUEUE = "dagfloe"
_INDENT = 4
_AIRFLOW_NAMES = ("DAG", "Asset", "AssetAlias", "TaskGroup", "task")
_CODE_NAMES = (*_AIRFLOW_NAMES, "list", "pendulum", "range", "timedelta")
_DAG_OPTIONS: dict[str, tuple[str, Callable[[Any], Code]]] = {
    "end_date": ("end_date", moment),
    "catchup": ("catchup", literal),
    "tags": ("tags", literal),
    "params": ("params", literal),
    "max_active_runs": ("max_active_runs", literal),
    "max_active_tasks": ("max_active_tasks", literal),
    "dagrun_timeout_s": ("dagrun_timeout", span),
    "doc_md": ("doc_md", literal),
}
_TASK_OPTIONS: dict[str, tuple[str, Callable[[Any], Code]]] = {
    "retries": ("retries", literal),
    "retry_delay_s": ("retry_delay", span),
    "retry_exponential_backoff": ("retry_exponential_backoff", literal),
    "max_retry_delay_s": ("max_retry_delay", span),
    "execution_timeout_s": ("execution_timeout", span),
    "trigger_rule": ("trigger_rule", literal),
    "depends_on_past": ("depends_on_past", literal),
    "pool": ("pool", literal),
    "pool_slots": ("pool_slots", literal),
    "priority_weight": ("priority_weight", literal),
    "owner": ("owner", literal),
    "inlets": ("inlets", assets),
    "outlets": ("outlets", assets),
    "doc_md": ("doc_md", literal),
}


def render_stub(manifest: Mapping[str, Any], dag_ids: Sequence[str] | None = None, *, queue: str | None = None) -> str:
    """The text of a stub Dag file, as `ruff format` leaves it.

    Args:
        manifest: the manifest of a bundle file, or the metadata of a project; it follows its schema.
        dag_ids: the Dags to write; all of the manifest when left out.
        queue: the queue of every task; the one that the task declares, else `dagfloe`, when left out.

    Raises:
        StubError: when what the manifest declares does not fit together.
    """
    dags = manifest["dags"]
    chosen = sorted(dags) if dag_ids is None else list(dag_ids)
    names = Names(_CODE_NAMES)
    variables = {dag_id: names.take(dag_id, "_dag") for dag_id in chosen}
    writer = Writer()
    for dag_id in chosen:
        writer.line(0, "")
        _write_dag(writer, dag_id, dags[dag_id], variables, queue)
    return "\n".join([*header(manifest), "", *_imports(writer.used), *writer.lines, ""])


def header(manifest: Mapping[str, Any]) -> list[str]:
    """The comment on top: what the file was made from."""
    bundle, digests = manifest.get("bundle"), manifest.get("digests")
    if isinstance(bundle, dict) and bundle.get("name") and bundle.get("version"):
        source = f"bundle {text(str(bundle['name']))}, version {text(str(bundle['version']))}"
    else:
        source = f"a bundle of the {manifest['sdk']['language']} SDK"
    lines = [f"# Made by `dagfloe stub` from {source}; make it again instead of changing it."]
    if isinstance(digests, dict) and digests.get("cache"):
        lines.append(f"# Cache digest: {digests['cache']}")
    return lines


def _imports(used: set[str]) -> list[str]:
    return [
        *(["from datetime import timedelta", ""] if "timedelta" in used else []),
        *(["import pendulum"] if "pendulum" in used else []),
        f"from airflow.sdk import {', '.join(name for name in _AIRFLOW_NAMES if name in used)}",
    ]


def _write_dag(
    writer: Writer, dag_id: str, entry: Mapping[str, Any], variables: Mapping[str, str], queue: str | None
) -> None:
    declared = entry.get("declaration")
    tasks = {task_id: (declared or {"tasks": {}})["tasks"].get(task_id, {}) for task_id in entry["tasks"]}
    head = call("DAG", text(dag_id), **_dag_options(declared or {}))
    if not tasks:
        writer.code(0, head, f"{variables[dag_id]} = ")
        return
    writer.code(0, head, "with ", f" as {variables[dag_id]}:")
    if declared is None:
        writer.line(_INDENT, "# The bundle's manifest only names its tasks: say at the end which one follows which.")
    names = Names((*_CODE_NAMES, *variables.values()))
    functions = {task_id: names.take(task_id) for task_id in tasks}
    for task_id, task in tasks.items():
        _write_function(writer, task_id, task, functions[task_id], queue)
    before = {
        task_id: [each for each in task.get("upstream", ()) if each not in sources(task)]
        for task_id, task in tasks.items()
    }
    ordered = {task_id: tasks[task_id] for task_id in in_order_of_calls(tasks, before)}
    results = {task_id: names.take(task_id, "_task") for task_id in ordered}
    statements = chains(before, results, WIDTH - _INDENT)
    uses = Counter(each for statement in statements for part in statement for each in part)
    mapped_over = {each for task in tasks.values() for each in sources(task)}
    # A stub that is used once, in a statement, is called there.
    inline = {
        task_id: f"{functions[task_id]}()"
        for task_id, task in tasks.items()
        if uses[task_id] == 1 and task_id not in mapped_over and not {"group", "mapped"} & task.keys()
    }
    results = {each: name for each, name in results.items() if each in uses or each in mapped_over}
    called = {task_id: task for task_id, task in ordered.items() if task_id not in inline}
    if called:
        writer.line(0, "")
        write_calls(writer, called, functions, results, names)
    if statements:
        writer.line(0, "")
    for statement in statements:
        writer.line(_INDENT, chained(statement, results | inline))


def _dag_options(declared: Mapping[str, Any]) -> dict[str, Code]:
    options: dict[str, Code] = {}
    if "description" in declared:
        options["description"] = literal(declared["description"])
    options["schedule"] = schedule(declared.get("schedule"))
    if "start_date" in declared:
        options["start_date"] = moment(declared["start_date"], declared.get("timezone"))
    return options | _options(declared, _DAG_OPTIONS)


def _options(declared: Mapping[str, Any], known: Mapping[str, tuple[str, Callable[[Any], Code]]]) -> dict[str, Code]:
    return {name: render(declared[key]) for key, (name, render) in known.items() if key in declared}


def _local_id(task_id: str, task: Mapping[str, Any]) -> str:
    """A task's id within its group."""
    return task_id.removeprefix(f"{task['group']}.") if "group" in task else task_id


def _write_function(writer: Writer, task_id: str, task: Mapping[str, Any], function: str, queue: str | None) -> None:
    options: dict[str, Code] = {}
    if _local_id(task_id, task) != function:
        options["task_id"] = text(_local_id(task_id, task))
    options["queue"] = text(queue or task.get("queue") or DEFAULT_QUEUE)
    writer.line(0, "")
    writer.code(_INDENT, call("@task.stub", **options, **_options(task, _TASK_OPTIONS)))
    writer.code(_INDENT, call(f"def {function}", *parameters_of(task).values()), after=": ...")
