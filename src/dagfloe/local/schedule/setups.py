"""How setup and teardown tasks order the other tasks of a Dag, beyond its edges. Pure.

A task waits for the setups of all resources that are open around it, not only for those right before it. A teardown
waits for all tasks between its setups and itself, also for those that are not right before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagfloe.constants import FAILED, SKIPPED, SUCCESS, UPSTREAM_FAILED
from dagfloe.local.schedule.trigger_rules import RUN, WAIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagfloe.local.schedule.manifest_graph import Graph, TaskNode

SETUP, TEARDOWN = "setup", "teardown"


def find_outer_setups(graph: Graph) -> dict[str, frozenset[str]]:
    """Return, by task, the setups that it needs although they are not right before it.

    A task needs a setup upstream of it if a teardown of the setup is downstream of the task, or the setup has none.
    """
    if all(node.kind != SETUP for node in graph.tasks.values()):
        return {}
    upstream, downstream = _reach(graph)
    outer = {}
    for task_id, node in graph.tasks.items():
        if node.kind == TEARDOWN:
            continue
        outer[task_id] = frozenset(
            setup_id
            for setup_id in upstream[task_id] - set(node.upstream)
            if graph.tasks[setup_id].kind == SETUP and _is_open(graph, setup_id, downstream[task_id])
        )
    return outer


def find_scopes(graph: Graph) -> dict[str, frozenset[str]]:
    """Return, by teardown, the tasks between its setups and itself that are not right before it."""
    if all(node.kind != TEARDOWN for node in graph.tasks.values()):
        return {}
    upstream, downstream = _reach(graph)
    scopes = {}
    for task_id, node in graph.tasks.items():
        if node.kind == TEARDOWN:
            setups = [name for name in node.upstream if graph.tasks[name].kind == SETUP]
            inside = {name for setup_id in setups for name in downstream[setup_id]}
            scopes[task_id] = frozenset(inside & (upstream[task_id] - set(node.upstream)))
    return scopes


def decide_for_setups(states: Iterable[str | None]) -> str:
    """Decide what the setups that are not right before a task mean for it.

    Args:
        states: the states of their task instances.

    Returns:
        `run` if all succeeded, `wait`, or the state that the task gets without running.
    """
    found = set(states)
    if found & {FAILED, UPSTREAM_FAILED}:
        return UPSTREAM_FAILED
    if SKIPPED in found:
        return SKIPPED
    return RUN if found <= {SUCCESS} else WAIT


def list_deciding_tasks(graph: Graph) -> list[str]:
    """Return the tasks that decide the state of the Dag run: its last tasks.

    Teardowns are left out, except those with `on_failure_fail_dagrun`; then the tasks before them are the last ones.
    """
    ignored = {
        task_id for task_id, node in graph.tasks.items() if node.kind == TEARDOWN and not node.on_failure_fail_dagrun
    }
    counted = [task_id for task_id in graph.tasks if task_id not in ignored]
    followed = {name for task_id in counted for name in graph.tasks[task_id].upstream}
    return [task_id for task_id in counted if task_id not in followed] or graph.list_leaves()


def _is_open(graph: Graph, setup_id: str, downstream: set[str]) -> bool:
    teardowns = {name for name, node in graph.tasks.items() if node.kind == TEARDOWN and setup_id in node.upstream}
    return not teardowns or bool(teardowns & downstream)


def _reach(graph: Graph) -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
    """Return, by task, all tasks upstream and all tasks downstream of it."""
    upstream = {task_id: _closure(graph.tasks, task_id) for task_id in graph.tasks}
    downstream: dict[str, set[str]] = {task_id: set() for task_id in graph.tasks}
    for task_id, names in upstream.items():
        for name in names:
            downstream[name].add(task_id)
    return upstream, downstream


def _closure(tasks: Mapping[str, TaskNode], task_id: str) -> set[str]:
    reached: set[str] = set()
    pending = list(tasks[task_id].upstream)
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += tasks[name].upstream
    return reached
