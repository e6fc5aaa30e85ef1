"""Decides which task instances of a Dag run are next, by graph, trigger rules, mapping and skips. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dagfloe.constants import BAD, FAILED, FINISHED, QUEUED, SKIPPED, SUCCESS, UPSTREAM_FAILED
from dagfloe.local.schedule.instances import UNMAPPED, Instance
from dagfloe.local.schedule.setups import (
    SETUP,
    TEARDOWN,
    decide_for_setups,
    find_outer_setups,
    find_scopes,
    list_deciding_tasks,
)
from dagfloe.local.schedule.trigger_rules import RUN, WAIT, Upstream, decide

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dagfloe.local.schedule.manifest_graph import Graph, TaskNode


class Scheduler:
    """The task instances of one Dag run.

    Args:
        graph: the Dag's graph.
        find_length: returns the number of items that a task returned for others to be mapped over, by task_id; for a
            mapped task, the number of its instances that returned a value; None if there is nothing to map over.
        mark_success_pattern: task instances whose whole task_id matches end with success when they could run.
    """

    def __init__(
        self,
        graph: Graph,
        find_length: Callable[[str], int | None],
        mark_success_pattern: re.Pattern[str] | None = None,
    ) -> None:
        self._graph = graph
        self._find_length = find_length
        self._mark_success_pattern = mark_success_pattern
        self._outer_setups = find_outer_setups(graph)
        self._scopes = find_scopes(graph)
        self._instances = {task_id: [Instance(task=node)] for task_id, node in graph.tasks.items()}
        self._expanded: set[str] = {task_id for task_id, node in graph.tasks.items() if node.mapped is None}
        self._skipped: set[tuple[str, int]] = set()

    @property
    def instances(self) -> Iterator[Instance]:
        """All task instances, in the order of the graph. A mapped task is one instance until it is expanded."""
        for instances in self._instances.values():
            yield from instances

    @property
    def is_done(self) -> bool:
        """Whether all task instances are in a final state."""
        return all(instance.is_finished for instance in self.instances)

    @property
    def state(self) -> str:
        """The Dag run's state: `success` or `failed`. As in Airflow, the last tasks decide it."""
        last = [instance for task_id in list_deciding_tasks(self._graph) for instance in self._instances[task_id]]
        return FAILED if any(instance.state in BAD or not instance.is_finished for instance in last) else SUCCESS

    def advance(self) -> tuple[list[Instance], list[Instance]]:
        """Move all task instances on as far as possible without running them.

        Returns:
            Those that are `queued` now, for you to run; and those that ended without running.
        """
        queued: list[Instance] = []
        ended: list[Instance] = []
        # In a pass, no task sees what the pass decides for another one, as in Airflow: a task with a skipped and a
        # failed task before it gets the state that follows from the first one to end.
        while decisions := [decision for node in self._graph.tasks.values() for decision in self._decide(node)]:
            for instance, state in decisions:
                instance.state = state
                (queued if state == QUEUED else ended).append(instance)
        return queued, ended

    def _decide(self, node: TaskNode) -> list[tuple[Instance, str]]:
        """Return the new states of a task's instances that had none, as far as they are decided."""
        if all(instance.state is not None for instance in self._instances[node.task_id]):
            return []
        is_skipped = (node.task_id, UNMAPPED) in self._skipped
        decision = self._decide_order(node)
        if decision == RUN and node.task_id not in self._expanded and not is_skipped:
            decision = self._expand(node)
        states = []
        for instance in self._instances[node.task_id]:
            if instance.state is not None:
                continue
            if is_skipped or (node.task_id, instance.map_index) in self._skipped:
                states.append((instance, SKIPPED))
            elif decision == RUN:
                states.append((instance, SUCCESS if self._is_marked(node) else QUEUED))
            elif decision != WAIT:
                states.append((instance, decision))
        return states

    def _decide_order(self, node: TaskNode) -> str:
        """Decide by the tasks before a task: those that its trigger rule sees, and those that setups add."""
        if node.trigger_rule == "always":
            return RUN
        setups = decide_for_setups(self._states(self._outer_setups.get(node.task_id, ())))
        if setups not in (RUN, WAIT):
            return setups
        setup_ids = [task_id for task_id in node.upstream if self._graph.tasks[task_id].kind == SETUP]
        decision = decide(node.trigger_rule, Upstream(self._states(node.upstream), self._states(setup_ids)))
        if decision != RUN:
            return decision
        is_scope_done = all(state in FINISHED for state in self._states(self._scopes.get(node.task_id, ())))
        return RUN if setups == RUN and is_scope_done else WAIT

    def _is_marked(self, node: TaskNode) -> bool:
        pattern = self._mark_success_pattern
        return pattern is not None and pattern.fullmatch(node.task_id) is not None

    def skip(self, tasks: Iterable[Any]) -> None:
        """Skip tasks that have not begun (`SkipDownstreamTasks`).

        Args:
            tasks: task ids, or pairs of a task id and a map index.
        """
        for task in tasks:
            task_id, map_index = (task, UNMAPPED) if isinstance(task, str) else task
            self._skipped.add((task_id, map_index))

    def list_stoppable(self, failed: Instance) -> list[Instance]:
        """Return the task instances that Airflow stops after the first failure in a Dag with `fail_fast`.

        Those of the failed task itself and teardowns go on.
        """
        return [
            instance
            for instance in self.instances
            if instance.task.task_id != failed.task.task_id
            and instance.task.kind != TEARDOWN
            and instance.state not in (SUCCESS, FAILED)
        ]

    def _states(self, task_ids: Iterable[str]) -> Iterator[str | None]:
        return (instance.state for task_id in task_ids for instance in self._instances[task_id])

    def _expand(self, node: TaskNode) -> str:
        """Create the task instances of a mapped task. Return the decision for them."""
        placeholder = self._instances[node.task_id][0]
        lengths = {name: self._length(source) for name, source in (node.mapped or {}).items()}
        missing = [name for name, length in lengths.items() if length is None]
        if missing:
            placeholder.note = f"it is mapped over {missing[0]!r}, but the upstream task pushed nothing to map over"
            return UPSTREAM_FAILED
        self._expanded.add(node.task_id)
        count = math.prod(length for length in lengths.values() if length is not None)
        if count == 0:
            placeholder.note = "it is mapped over an empty list"
            return SKIPPED
        self._instances[node.task_id] = [Instance(task=node, map_index=index) for index in range(count)]
        return RUN

    def _length(self, source: Mapping[str, Any]) -> int | None:
        if "values" in source:
            return len(source["values"])
        if "length" in source:
            return int(source["length"])
        return self._find_length(source["xcom"])
