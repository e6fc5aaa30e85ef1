"""Which task instances of a Dag run are run next, by graph, trigger rules, mapping and skips. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dagfloe.local.schedule.task_instances import UNMAPPED, Instance
from dagfloe.local.schedule.trigger_rules import RUN, WAIT, Upstream, decide
from dagfloe.model.states import BAD, FAILED, QUEUED, SKIPPED, SUCCESS, UPSTREAM_FAILED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dagfloe.local.schedule.manifest_graph import Graph, TaskNode


class Scheduler:
    """The task instances of one Dag run.

    Args:
        graph: the Dag's graph.
        length_of: how many items a task has returned for others to be mapped over, by task_id, of a mapped task how
            many of its instances returned something; None when there is nothing that one can map over.
    """

    def __init__(self, graph: Graph, length_of: Callable[[str], int | None]) -> None:
        self._graph = graph
        self._length_of = length_of
        self._instances = {task_id: [Instance(task=node)] for task_id, node in graph.tasks.items()}
        self._expanded: set[str] = {task_id for task_id, node in graph.tasks.items() if node.mapped is None}
        self._skipped: set[tuple[str, int]] = set()

    @property
    def instances(self) -> Iterator[Instance]:
        """Every task instance, in the order of the graph; a mapped task is one until it is expanded."""
        for instances in self._instances.values():
            yield from instances

    @property
    def is_done(self) -> bool:
        """Whether nothing runs any more, or can run."""
        return all(instance.is_finished for instance in self.instances)

    @property
    def state(self) -> str:
        """The Dag run's state, by its last tasks: `success` or `failed`."""
        last = [instance for task_id in self._graph.leaves() for instance in self._instances[task_id]]
        return FAILED if any(instance.state in BAD or not instance.is_finished for instance in last) else SUCCESS

    def advance(self) -> tuple[list[Instance], list[Instance]]:
        """Let every task instance go on as far as it can without running.

        Returns:
            Those that are `queued` now, to be run; and those that are done without having run.
        """
        queued: list[Instance] = []
        left_out: list[Instance] = []
        changed = True
        while changed:
            changed = False
            for node in self._graph.tasks.values():
                fresh = [instance for instance in self._instances[node.task_id] if instance.state is None]
                if not fresh:
                    continue
                decision = decide(node.trigger_rule, self._upstream(node))
                if (
                    decision == RUN
                    and node.task_id not in self._expanded
                    and (node.task_id, UNMAPPED) not in self._skipped
                ):
                    decision = self._expand(node)
                    fresh = self._instances[node.task_id]
                for instance in fresh:
                    was_skipped = bool(self._skipped & {(node.task_id, instance.map_index), (node.task_id, UNMAPPED)})
                    state = SKIPPED if was_skipped else decision
                    if state == WAIT:
                        continue
                    changed = True
                    instance.state = QUEUED if state == RUN else state
                    (queued if state == RUN else left_out).append(instance)
        return queued, left_out

    def skip(self, tasks: Iterable[Any]) -> None:
        """Skip tasks that have not begun, as a task asked for (`SkipDownstreamTasks`): ids, or ids and map indexes."""
        for each in tasks:
            task_id, map_index = (each, UNMAPPED) if isinstance(each, str) else each
            self._skipped.add((task_id, map_index))

    def _upstream(self, node: TaskNode) -> Upstream:
        return Upstream(instance.state for each in node.upstream for instance in self._instances[each])

    def _expand(self, node: TaskNode) -> str:
        """Make the task instances of a mapped task; what becomes of them."""
        placeholder = self._instances[node.task_id][0]
        lengths = {name: self._length(source) for name, source in (node.mapped or {}).items()}
        missing = [name for name, length in lengths.items() if length is None]
        if missing:
            placeholder.note = f"it is mapped over {missing[0]!r}, and the task before it pushed nothing for that"
            return UPSTREAM_FAILED
        self._expanded.add(node.task_id)
        count = math.prod(length for length in lengths.values() if length is not None)
        if count == 0:
            placeholder.note = "it is mapped over nothing"
            return SKIPPED
        self._instances[node.task_id] = [Instance(task=node, map_index=index) for index in range(count)]
        return RUN

    def _length(self, source: Mapping[str, Any]) -> int | None:
        if "values" in source:
            return len(source["values"])
        if "length" in source:
            return int(source["length"])
        return self._length_of(source["xcom"])
