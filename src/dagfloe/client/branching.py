"""Which tasks to skip: branches and short circuits, by the graph that the bundle declares."""

from __future__ import annotations

from dagfloe.errors import DagfloeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagfloe.client._exchange import Exchange


def skipped_by_branch(exchange: Exchange, follow: Iterable[str], among: Iterable[str] | None) -> list[str]:
    """The tasks that a branch skips: those right after it that are neither followed nor reached from there.

    Args:
        exchange: the running task's side of the conversation.
        follow: the task_ids to go on with.
        among: the tasks to choose from; those right after this one by default.

    Raises:
        DagfloeError: when a task to follow is neither among them nor in the Dag.
    """
    dag = exchange.task.dag if exchange.task else None
    followed = [task_id for name in follow for task_id in (dag.first_task_ids(name) if dag else [name])]
    choice = _choice(exchange, among)
    unknown = sorted(set(followed) - set(choice) - (set(dag.tasks) if dag else set()))
    if unknown:
        raise DagfloeError(f"there is no task {unknown[0]!r} to branch to: the tasks are {', '.join(choice) or 'none'}")
    reached = set(followed)
    if dag is not None:
        for task_id in followed:
            reached |= dag.reachable_from(task_id)
    return [task_id for task_id in choice if task_id not in reached]


def skipped_by_short_circuit(exchange: Exchange, *, ignore_trigger_rules: bool) -> list[str]:
    """The tasks that a short circuit skips: all that come after this one, or only those right after it.

    Raises:
        DagfloeError: when the bundle does not declare what comes after this task.
    """
    choice = _downstream(exchange)
    task = exchange.task
    if not ignore_trigger_rules or task is None:
        return choice
    return [task_id for task_id in task.dag.tasks if task_id in task.dag.reachable_from(task.task_id)]


def _choice(exchange: Exchange, among: Iterable[str] | None) -> list[str]:
    if isinstance(among, str):
        raise DagfloeError(f"among={among!r} is a text: name the tasks to choose from in a list")
    return (
        list(among) if among is not None else _downstream(exchange, " or name the tasks to choose from (among=[...])")
    )


def _downstream(exchange: Exchange, otherwise: str = "") -> list[str]:
    task = exchange.task
    downstream = task.dag.downstream_of(task.task_id) if task else []
    if not downstream:
        raise DagfloeError(
            f"the bundle does not say what comes after task {exchange.ti.task_id!r}: declare it "
            f"(`with dag: a >> [b, c]`){otherwise}"
        )
    return downstream
