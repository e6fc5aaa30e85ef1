"""Names for the tasks of a stub Dag, the order of their calls, and the statements that connect them. Pure."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from dagfloe.format.errors import StubError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Longer names would not leave room for two of them on a line.
_MAX_NAME = 30


class Names:
    """Python names; none is used twice.

    Args:
        reserved: names that have another meaning in the code. The set is not copied.
    """

    def __init__(self, reserved: frozenset[str]) -> None:
        self._reserved = reserved
        self._used: set[str] = set()
        self._numbers: dict[str, int] = {}  # the last number of each name

    def new(self, base: str, ending: str = "") -> str:
        """A new name.

        Args:
            base: the string that the name resembles.
            ending: the end of the name.
        """
        name = re.sub("[^0-9A-Za-z_]+", "_", base).lstrip("_")[:_MAX_NAME] or "task"
        if name[0].isdigit():
            name = f"task_{name}"
        name += ending
        if iskeyword(name) or name in self._reserved:
            name += "_"
        unused, stem = name, name.rstrip("_")
        while unused in self._used or unused in self._reserved:
            self._numbers[stem] = self._numbers.get(stem, 1) + 1
            unused = f"{stem}_{self._numbers[stem]}"
        self._used.add(unused)
        return unused


def mapped_sources(task: Mapping[str, Any]) -> list[str]:
    """The task_ids of the tasks whose return values a task is mapped over."""
    return [source["xcom"] for source in task.get("mapped", {}).values() if "xcom" in source]


def order_calls(tasks: Mapping[str, Mapping[str, Any]], upstream: Mapping[str, Sequence[str]]) -> list[str]:
    """Sort tasks so that every task follows those that it is mapped over; otherwise they keep their order.

    Args:
        tasks: the declarations of the tasks, by task_id.
        upstream: the upstream tasks of all tasks, without those that it is mapped over.

    Raises:
        StubError: if a task follows an unknown task, if tasks are mapped over each other in a circle, or if Airflow
            would refuse a task_id or a trigger rule.
    """
    for task_id, task in tasks.items():
        _check_task(task_id, task, tasks, upstream[task_id])
    sorter = TopologicalSorter({task_id: mapped_sources(task) for task_id, task in tasks.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(map(repr, reversed(error.args[1])))
        raise StubError(f"tasks are mapped over each other in a circle: {circle}") from error
    task_ids = list(tasks)
    positions = {task_id: position for position, task_id in enumerate(task_ids)}
    ordered: list[str] = []
    ready: list[int] = []
    while sorter.is_active():
        for task_id in sorter.get_ready():
            heappush(ready, positions[task_id])
        task_id = task_ids[heappop(ready)]
        ordered.append(task_id)
        sorter.done(task_id)
    return ordered


def _check_task(task_id: str, task: Mapping[str, Any], task_ids: Iterable[str], upstream: Sequence[str]) -> None:
    for source in mapped_sources(task):
        if source not in task_ids:
            raise StubError(
                f"task {task_id!r} is mapped over an XCom of {source!r}, which is not in the bundle: write the Dag "
                "file by hand, with both tasks"
            )
    for source in upstream:
        if source not in task_ids:
            raise StubError(f"task {task_id!r} follows {source!r}, which the manifest does not list")
    if mapped_sources(task) and task.get("trigger_rule") == "always":
        raise StubError(
            f"task {task_id!r} is mapped over the return value of another task, and Airflow refuses the trigger_rule "
            "'always' for such tasks: choose another rule"
        )
    if task.get("kind") == "teardown" and "trigger_rule" in task:
        raise StubError(f"task {task_id!r} is a teardown, and Airflow chooses its trigger_rule: remove it")
    if "group" in task and not task_id.startswith(f"{task['group']}."):
        raise StubError(
            f"task {task_id!r} is in the group {task['group']!r}, but its task_id does not begin with the group's id"
        )


def chain_tasks(upstream: Mapping[str, Sequence[str]], names: Mapping[str, str], width: int) -> list[list[list[str]]]:
    """Statements that connect tasks: `a >> b >> c` is `[[a], [b], [c]]`, and `[a, b] >> c` is `[[a, b], [c]]`.

    Args:
        upstream: the upstream tasks of all tasks, by task_id.
        names: the variables of the tasks, by task_id.
        width: the maximal length of a statement.
    """
    statements: list[list[list[str]]] = []
    ends: dict[str, list[list[str]]] = {}  # statements, by their last task
    for task_id, ids in upstream.items():
        chain = ends.get(ids[0]) if len(ids) == 1 else None
        if chain and len(render_chain([*chain, [task_id]], names)) <= width:
            del ends[ids[0]]
            chain.append([task_id])
        elif len(ids) > 1 and len(render_chain([list(ids), [task_id]], names)) <= width:
            statements.append([list(ids), [task_id]])
        else:
            statements += [[[upstream_id], [task_id]] for upstream_id in ids]
        if ids:
            ends[task_id] = chain if chain and chain[-1] == [task_id] else statements[-1]
    return statements


def render_chain(statement: Iterable[Sequence[str]], names: Mapping[str, str]) -> str:
    """The code of a statement of `chain_tasks`."""
    parts = ([names[task_id] for task_id in part] for part in statement)
    return " >> ".join(part[0] if len(part) == 1 else f"[{', '.join(part)}]" for part in parts)
