"""The options of Dags that projects declare: all of them for native Dags, and else only the params. Pure.

If all tasks of a Dag file move into one project, its Dags can become native.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from dagfloe.adopt.environments import Problem
from dagfloe.adopt.plan import variable_of
from dagfloe.adopt.reading.airflow_names import uncovered
from dagfloe.adopt.reading.names import NameGraph
from dagfloe.adopt.wiring import Renderer, WiringError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagfloe.adopt.plan import Plan, Unit
    from dagfloe.adopt.reading.interpreter import Interpreter
    from dagfloe.adopt.reading.source import SourceFile
    from dagfloe.adopt.reading.values import Dag

#: The options of Airflow's `DAG` that `Bundle.dag` has.
_DAG_OPTIONS = frozenset(
    """
    access_control allowed_run_types catchup dag_display_name dagrun_timeout deadline default_args description
    disable_bundle_versioning doc_md end_date fail_fast is_paused_upon_creation max_active_runs max_active_tasks
    max_consecutive_failed_dag_runs owner_links params rerun_with_latest_version schedule start_date tags
    """.split()  # noqa: SIM905 - as a list it would be a page long
)


class NativeError(Exception):
    """The Dags of a file cannot become native."""


def native_options(source: SourceFile, interpreter: Interpreter, plan: Plan) -> dict[str, dict[str, str]]:
    """The options of the Dags, as code, by dag_id. What they use is added to the needs of the first function.

    Args:
        source: the Dag file.
        interpreter: what it creates.
        plan: what moves.

    Raises:
        NativeError: if the Dags need a Dag file.
    """
    if plan.refusals:
        raise NativeError("not all tasks can be moved")
    moved = {(id(task.dag), task.task_id) for unit in plan.units for task in unit.tasks}
    for task in interpreter.tasks:
        if (id(task.dag), task.task_id) not in moved:
            raise NativeError(f"line {task.call.lineno} creates a task that does not run a function of the file")
        if task.kind != "task":
            raise NativeError(f"line {task.call.lineno} creates a {task.kind}")
    if interpreter.has_labels:
        raise NativeError("edges have labels")
    found: dict[str, dict[str, str]] = {}
    for dag in interpreter.dags:
        if dag.groups:
            raise NativeError(f"the Dag {dag.dag_id!r} has task groups")
        if dag.has_unknown_edges:
            raise NativeError(f"the order of the tasks of Dag {dag.dag_id!r} cannot be read")
        found[str(dag.dag_id)] = _options(source, interpreter, plan, dag)
    return found


def carried_params(source: SourceFile, interpreter: Interpreter, plan: Plan) -> dict[str, dict[str, str]]:
    """The params of Dags that keep their Dag file, as code, by dag_id: Airflow sends a task only the conf of the run.

    What they use is added to the needs of the functions. If they cannot be moved, the functions get a note.

    Args:
        source: the Dag file.
        interpreter: what it creates.
        plan: what moves.
    """
    found: dict[str, dict[str, str]] = {}
    for dag in interpreter.dags:
        units = [unit for unit in plan.units if any(task.dag is dag for task in unit.tasks)]
        if not units:
            continue
        try:
            options: dict[str, str] = {}
            if "params" in dag.nodes:
                options["params"] = _option(source, interpreter, units, dag, "params")
            of_function = _function_options(source, dag, options)
        except NativeError as error:
            for unit in units:
                unit.notes.append(
                    Problem(
                        dag.line,
                        f"the params are left out: {error}",
                        "pass them to bundle.dag(params=...) if the tasks read params",
                    )
                )
            continue
        if "params" in of_function:
            options["params"] = of_function["params"]
        found[str(dag.dag_id)] = options
    return found


def _options(source: SourceFile, interpreter: Interpreter, plan: Plan, dag: Dag) -> dict[str, str]:
    options: dict[str, str] = {}
    for name in dag.nodes:
        if name == "dag_id":
            continue
        if name not in _DAG_OPTIONS:
            raise NativeError(f"the Dag {dag.dag_id!r} has the option {name}")
        options[name] = _option(source, interpreter, plan.units[:1], dag, name)
    return options | _function_options(source, dag, options)


def _option(source: SourceFile, interpreter: Interpreter, units: Sequence[Unit], dag: Dag, name: str) -> str:
    """An option as code. What it uses is added to the needs of functions."""
    renderer = Renderer(source, variable_of(dag.dag_id))
    graph = NameGraph(source.tree, interpreter.module)
    node = dag.nodes[name]
    try:
        code = renderer.render(dag.options[name])
        needs = graph.needs(renderer.expressions, interpreter.module)
    except WiringError:
        code = source.segment(node)
        needs = graph.needs([node], interpreter.module)
        if needs.problems or needs.missing or any(map(uncovered, needs.imports)):
            raise NativeError(
                f"the option {name} of Dag {dag.dag_id!r} uses something that a project cannot have"
            ) from None
    for unit in units:
        unit.needs.add(needs)
        unit.uses_airflow |= any(item.root == "airflow" for item in needs.imports)
        unit.uses_pendulum |= any(item.root == "pendulum" for item in needs.imports)
    return code


def _function_options(source: SourceFile, dag: Dag, options: dict[str, str]) -> dict[str, str]:
    """The options that the function of a Dag stands for: its documentation and its params."""
    if dag.function is None:
        return {}
    node = dag.function.node
    found: dict[str, str] = {}
    docstring = ast.get_docstring(node)
    if docstring and "doc_md" not in options:
        found["doc_md"] = repr(docstring)
    arguments = node.args
    if arguments.args or arguments.kwonlyargs or arguments.posonlyargs:
        names = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
        if arguments.kwonlyargs or "params" in options or len(arguments.defaults) != len(names):
            raise NativeError(
                f"the function of Dag {dag.dag_id!r} has parameters without defaults, or params elsewhere"
            )
        pairs = zip(names, arguments.defaults, strict=True)
        found["params"] = "{" + ", ".join(f'"{name}": {source.segment(value)}' for name, value in pairs) + "}"
    return found
