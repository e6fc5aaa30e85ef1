"""Ids for tasks and task groups that are registered by calls: a second call gets Airflow's suffix. Pure."""

from __future__ import annotations

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
    stem, _, number = name.rpartition("__")
    if not (stem and number.isdigit()):
        stem = name
    start = dag.full_id(f"{stem}__")
    last = dag.suffixes.get(start)
    if last is None:
        numbers = (full_id[len(start) :] for full_id in (*dag.tasks, *dag.groups) if full_id.startswith(start))
        last = max((int(number) for number in numbers if number.isdecimal()), default=0)
    while dag.has_id(f"{start}{last + 1}"):
        last += 1
    dag.suffixes[start] = last + 1
    return f"{stem}__{last + 1}"
