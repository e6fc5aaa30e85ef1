"""The rules for the order of tasks, and for what passes between them. Pure."""

from __future__ import annotations

from collections import Counter
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from dagfloe.constants import TEARDOWN_RULE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEFAULT_RULE = "all_success"


def graph_problems(where: str, declared: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Describe the problems of the edges of a Dag, and of the arguments that follow them.

    Args:
        where: the Dag.
        declared: its declaration.
        tasks: the declarations of its tasks, by task_id.
    """
    for task_id, task in tasks.items():
        place = f"{where}, task {task_id!r}"
        for upstream_id, count in Counter(task.get("upstream", ())).items():
            if upstream_id not in tasks:
                yield f"{place}: it follows {upstream_id!r}, which is not a task of the Dag"
            elif count > 1:
                yield f"{place}: it follows {upstream_id!r} twice"
        yield from _argument_problems(place, task, tasks)
        yield from _setup_problems(place, task, tasks)
    yield from _cycle_problems(where, tasks)
    for upstream_id, labels in declared.get("edge_labels", {}).items():
        for downstream_id in labels:
            if upstream_id not in tasks.get(downstream_id, {}).get("upstream", ()):
                yield f"{where}: there is a label between {upstream_id!r} and {downstream_id!r}, but no edge"


def _cycle_problems(where: str, tasks: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    try:
        TopologicalSorter({task_id: task.get("upstream", ()) for task_id, task in tasks.items()}).prepare()
    except CycleError as error:
        yield f"{where}: tasks follow each other in a cycle: {' -> '.join(map(repr, error.args[1]))}"


def _argument_problems(place: str, task: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    arguments = task.get("arguments", ())
    sources = {item["name"]: item["task_id"] for item in arguments if item["kind"] == "xcom"}
    for name, task_id in sources.items():
        if "mapped" in tasks.get(task_id, {}):
            yield f"{place}: Airflow passes one XCom as {name!r}, but {task_id!r} is mapped and pushes many"
    mapped = task.get("mapped", {})
    sources |= {name: source["xcom"] for name, source in mapped.items() if "xcom" in source}
    for name, task_id in sources.items():
        if task_id not in tasks:
            yield f"{place}: {name!r} is the return value of {task_id!r}, which is not a task of the Dag"
        elif task_id not in task.get("upstream", ()):
            yield f"{place}: {name!r} is the return value of {task_id!r}, which it does not follow: add the edge"
        elif tasks[task_id].get("do_xcom_push") is False:
            yield f"{place}: {name!r} is the return value of {task_id!r}, which pushes none: remove do_xcom_push=False"
    for name, count in Counter(item["name"] for item in arguments).items():
        if count > 1:
            yield f"{place}: the argument {name!r} has two values"


def _setup_problems(place: str, task: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    rule = task.get("trigger_rule", _DEFAULT_RULE)
    if task.get("kind") == "teardown":
        if rule not in (_DEFAULT_RULE, TEARDOWN_RULE):
            yield f"{place}: a teardown has a trigger_rule of its own: remove {rule!r}"
        return
    if "on_failure_fail_dagrun" in task:
        yield f"{place}: on_failure_fail_dagrun is an option of teardowns: remove it"
    setups = [item for item in task.get("upstream", ()) if tasks.get(item, {}).get("kind") == "setup"]
    if setups and rule != _DEFAULT_RULE:
        yield f"{place}: it follows the setup {setups[0]!r}, so Airflow allows no other trigger_rule than all_success"
