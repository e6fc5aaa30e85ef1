"""Ids for tasks and task groups that are registered by calls: a second call gets Airflow's suffix. Pure."""

from __future__ import annotations

from itertools import islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.authoring.dag import Dag


def unique_id(dag: Dag, name: str) -> str:
    """The name, with `__1`, `__2` and so on after it if the Dag has a task or a task group of this name.

    Args:
        dag: the Dag. The names in its innermost open group count.
        name: the name, without the group's id.
    """
    if not dag.has_id(dag.full_id(name)):
        return name
    stem, separator, number = name.rpartition("__")
    if not (separator and number.isdecimal()):
        stem = name
    start = dag.full_id(f"{stem}__")
    seen, last = dag.suffixes.get(start, (0, 0))
    for full_id in (*islice(dag.tasks, seen, None), *dag.groups):  # looking at all tasks each time would take long
        if full_id.startswith(start) and full_id[len(start) :].isdecimal():
            last = max(last, int(full_id[len(start) :]))
    dag.suffixes[start] = len(dag.tasks), last
    return f"{stem}__{last + 1}"
