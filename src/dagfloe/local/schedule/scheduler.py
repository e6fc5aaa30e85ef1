"""Decides which task instances of a Dag run are next, by graph, trigger rules, mapping and skips. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dagfloe.constants import BAD, FAILED, QUEUED, SKIPPED, SUCCESS, UPSTREAM_FAILED
from dagfloe.local.schedule.instances import UNMAPPED, Instance
from dagfloe.local.schedule.trigger_rules import RUN, WAIT, Upstream, decide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dagfloe.local.schedule.manifest_graph import Graph, TaskNode


class Scheduler:
    """The task instances of one Dag run.

    Args:
        graph: the Dag's graph.
        find_length: returns the number of items that a task returned for others to be mapped over, by task_id; for a
            mapped task, the number of its instances that returned a value; None if there is nothing to map over.
    """

    def __init__(self, graph: Graph, find_length: Callable[[str], int | None]) -> None:
        self._graph = graph
        self._find_length = find_length
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
        leaves = [instance for task_id in self._graph.list_leaves() for instance in self._instances[task_id]]
        return FAILED if any(instance.state in BAD or not instance.is_finished for instance in leaves) else SUCCESS

    def advance(self) -> tuple[list[Instance], list[Instance]]:
        """Move all task instances on as far as possible without running them.

        Returns:
            Those that are `queued` now, for you to run; and those that ended without running.
        """
        queued: list[Instance] = []
        ended: list[Instance] = []
        has_changed = True
        while has_changed:
            has_changed = False
            for node in self._graph.tasks.values():
                for instance, state in self._decide(node):
                    has_changed = True
                    instance.state = state
                    (queued if state == QUEUED else ended).append(instance)
        return queued, ended

    def _decide(self, node: TaskNode) -> list[tuple[Instance, str]]:
        """Return the new states of a task's instances that had none, as far as they are decided."""
        if all(instance.state is not None for instance in self._instances[node.task_id]):
            return []
        is_skipped = (node.task_id, UNMAPPED) in self._skipped
        decision = decide(node.trigger_rule, self._upstream(node))
        if decision == RUN and node.task_id not in self._expanded and not is_skipped:
            decision = self._expand(node)
        states = []
        for instance in self._instances[node.task_id]:
            if instance.state is not None:
                continue
            if is_skipped or (node.task_id, instance.map_index) in self._skipped:
                states.append((instance, SKIPPED))
            elif decision != WAIT:
                states.append((instance, QUEUED if decision == RUN else decision))
        return states

    def skip(self, tasks: Iterable[Any]) -> None:
        """Skip tasks that have not begun (`SkipDownstreamTasks`).

        Args:
            tasks: task ids, or pairs of a task id and a map index.
        """
        for task in tasks:
            task_id, map_index = (task, UNMAPPED) if isinstance(task, str) else task
            self._skipped.add((task_id, map_index))

    def _upstream(self, node: TaskNode) -> Upstream:
        return Upstream(instance.state for task_id in node.upstream for instance in self._instances[task_id])

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
