"""How the tasks of a stub Dag are named in its code, and how they are connected. Pure."""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from dagfloe.format.errors import StubError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Longer names would not leave room for two of them on a line.
_MAX_NAME = 30


class Names:
    """Names in Python code, each given once.

    Args:
        taken: names that stand for something else.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._reserved = frozenset(taken)
        self._taken = set(self._reserved)

    def take(self, wanted: str, ending: str = "") -> str:
        """A name like the text that is wanted, which may be any."""
        name = re.sub("[^0-9A-Za-z_]+", "_", wanted).lstrip("_")[:_MAX_NAME] or "task"
        if name[0].isdigit():
            name = f"task_{name}"
        name += ending
        if iskeyword(name) or name in self._reserved:
            name += "_"
        free, number = name, 1
        while free in self._taken:
            number += 1
            free = f"{name.rstrip('_')}_{number}"
        self._taken.add(free)
        return free


def sources(task: Mapping[str, Any]) -> list[str]:
    """The tasks over whose return values one is mapped."""
    return [source["xcom"] for source in task.get("mapped", {}).values() if "xcom" in source]


def in_order_of_calls(tasks: Mapping[str, Mapping[str, Any]], before: Mapping[str, Sequence[str]]) -> list[str]:
    """The tasks in their own order, but each after those that it is mapped over.

    Args:
        tasks: what is declared of them, by task_id.
        before: the tasks before each one, beside those that it is mapped over.

    Raises:
        StubError: when a task follows one that there is not, is mapped over what comes after it, or has an id or a
            trigger rule that does not fit.
    """
    for task_id, task in tasks.items():
        for each in (*sources(task), *before[task_id]):
            if each not in tasks:
                raise StubError(f"task {task_id!r} follows {each!r}, which the manifest does not list")
        if sources(task) and task.get("trigger_rule") == "always":
            raise StubError(
                f"task {task_id!r} is mapped over what another one returns, which Airflow refuses for tasks with the "
                "trigger_rule 'always': choose another one"
            )
        if "group" in task and not task_id.startswith(f"{task['group']}."):
            raise StubError(
                f"task {task_id!r} is said to be in the group {task['group']!r}, and its id is another one's"
            )
    ordered: dict[str, None] = {}
    waiting = list(tasks)
    while waiting:
        # The first one that can be called; then those before it in the list get another chance.
        ready = next((each for each in waiting if set(sources(tasks[each])) <= ordered.keys()), None)
        if ready is None:
            raise StubError(f"task {waiting[0]!r} is mapped over what comes after it")
        waiting.remove(ready)
        ordered[ready] = None
    return list(ordered)


def chains(before: Mapping[str, Sequence[str]], names: Mapping[str, str], width: int) -> list[list[list[str]]]:
    """Statements that connect tasks: `a >> b >> c` is `[[a], [b], [c]]`, and `[a, b] >> c` is `[[a, b], [c]]`.

    Args:
        before: the tasks before each one.
        names: how each task is called.
        width: how long a statement may be.
    """
    statements: list[list[list[str]]] = []
    ends: dict[str, list[list[str]]] = {}  # the statement that ends with a task
    for task_id, ids in before.items():
        chain = ends.get(ids[0]) if len(ids) == 1 else None
        if chain and len(chained([*chain, [task_id]], names)) <= width:
            del ends[ids[0]]
            chain.append([task_id])
        elif len(ids) > 1 and len(chained([list(ids), [task_id]], names)) <= width:
            statements.append([list(ids), [task_id]])
        else:
            statements += [[[each], [task_id]] for each in ids]
        if ids:
            ends[task_id] = chain if chain and chain[-1] == [task_id] else statements[-1]
    return statements


def chained(statement: Iterable[Sequence[str]], names: Mapping[str, str]) -> str:
    """A statement of `chains` as code."""
    parts = ([names[each] for each in part] for part in statement)
    return " >> ".join(part[0] if len(part) == 1 else f"[{', '.join(part)}]" for part in parts)
