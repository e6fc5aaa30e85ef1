"""The tasks that branches and short circuits skip, from the graph that the bundle declares."""

from __future__ import annotations

from dagfloe.errors import DagfloeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagfloe.client._exchange import Exchange


def tasks_skipped_by_branch(exchange: Exchange, follow: Iterable[str], among: Iterable[str] | None) -> list[str]:
    """The tasks that a branch skips: those right after it, except the followed tasks and the tasks after them.

    Args:
        exchange: knows the running task.
        follow: the task_ids to follow.
        among: the tasks to choose from; by default those right after the running task.

    Raises:
        DagfloeError: if a task to follow is neither among them nor in the Dag.
    """
    dag = exchange.task.dag if exchange.task else None
    followed = [task_id for name in follow for task_id in (dag.first_task_ids(name) if dag else [name])]
    choices = _choices(exchange, among)
    others = {*dag.tasks, *dag.all_followers_of(exchange.ti.task_id)} if dag else set()
    unknown = sorted(set(followed) - set(choices) - others)
    if unknown:
        raise DagfloeError(
            f"there is no task {unknown[0]!r} to branch to: the tasks are {', '.join(choices) or 'none'}"
        )
    reached = set(followed)
    if dag is not None:
        for task_id in followed:
            reached |= set(dag.all_followers_of(task_id))
    return [task_id for task_id in choices if task_id not in reached]


def tasks_skipped_by_short_circuit(exchange: Exchange, *, ignore_trigger_rules: bool) -> list[str]:
    """The tasks that a short circuit skips: all tasks downstream, or only those right after the running task.

    As in Airflow, it skips no teardown.

    Raises:
        DagfloeError: if the bundle declares no task after the running task.
    """
    skipped = _downstream(exchange)
    task = exchange.task
    if task is None:
        return skipped
    if ignore_trigger_rules:
        reached = task.dag.all_followers_of(task.task_id)
        own = [task_id for task_id in task.dag.tasks if task_id in reached]
        skipped = [*own, *(task_id for task_id in reached if task_id not in task.dag.tasks)]
    return [task_id for task_id in skipped if not task.dag.is_teardown(task_id)]


def _choices(exchange: Exchange, among: Iterable[str] | None) -> list[str]:
    if isinstance(among, str):
        raise DagfloeError(f"among={among!r} is a str: pass a list of the tasks to choose from")
    return (
        list(among) if among is not None else _downstream(exchange, " or pass the tasks to choose from (among=[...])")
    )


def _downstream(exchange: Exchange, alternative: str = "") -> list[str]:
    task = exchange.task
    downstream = task.dag.followers_of(task.task_id) if task else []
    if not downstream:
        raise DagfloeError(
            f"the bundle declares no task after task {exchange.ti.task_id!r}: declare the graph "
            f"(`with dag: a >> [b, c]`){alternative}"
        )
    return downstream
