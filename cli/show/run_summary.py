"""What is printed at the end of a Dag run."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

from dagfloe.cli.show.terminal_text import STATE_COLORS, one_line, safe, shorten
from dagfloe.local.display import value_text

if TYPE_CHECKING:
    from dagfloe.local.schedule.dag_result import DagResult
    from dagfloe.local.schedule.instances import Instance
    from dagfloe.local.store.store import Store

#: How wide the table is where it is on no terminal; a terminal's width counts on one.
_WIDTH = 160
_NUMBERS = 22
#: Of a mapped task with more instances than this, only those are listed that did not succeed.
_MAX_INSTANCES = 20


def print_summary(result: DagResult, store: Store) -> None:
    """Print each task instance's state, seconds and return value, and why those failed that did."""
    shown, hidden = _listed(result.instances)
    width = max(map(len, (*(one_line(each.name) for each in shown), "task")))
    states = max(map(len, (*(_state(each) for each in shown), "state")))
    room = max(_NUMBERS + 8, (shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH)) - _NUMBERS
    click.echo(f"\n{'task':<{width}}  {'state':<{states}}  tries  seconds  return_value")
    for each in shown:
        state, gap = click.style(_state(each), fg=STATE_COLORS.get(_state(each))), " " * (states - len(_state(each)))
        numbers = f"{_tries(each):>5}  {each.seconds:>7.2f}" if each.tries else " " * 14
        value = shorten(_value(each, result, store), room - width - states)
        click.echo(f"{one_line(each.name):<{width}}  {state}" + f"{gap}  {numbers}  {value}".rstrip())
    if hidden:
        click.echo(f"and {hidden} more task instances in state success")
    for each in result.instances:
        _print_trouble(each)
    for run in list(store.runs.values()):
        if run.state == "queued":
            name = f"{one_line(run.run_id)} of Dag {one_line(run.dag_id)}"
            click.echo(f"\nDag run {name} was triggered; it is not run here")
    color = STATE_COLORS.get(result.state, "red")
    click.echo(
        f"\nDag {one_line(result.graph.dag_id)}: {click.style(result.state, fg=color)} in {result.seconds:.1f} s"
    )


def _listed(instances: tuple[Instance, ...]) -> tuple[list[Instance], int]:
    count: dict[str, int] = {}
    for each in instances:
        count[each.task.task_id] = count.get(each.task.task_id, 0) + 1
    shown = [each for each in instances if count[each.task.task_id] <= _MAX_INSTANCES or each.state != "success"]
    return shown, len(instances) - len(shown)


def _state(instance: Instance) -> str:
    return instance.state or "not run"


def _tries(instance: Instance) -> int:
    return max(each.try_number for each in instance.tries)


def _value(instance: Instance, result: DagResult, store: Store) -> str:
    value = store.return_value(result.graph.dag_id, result.run_id, instance.task.task_id, instance.map_index)
    # Masked before it is cut, so that no half of a secret is left.
    return "" if value is None else one_line(store.secrets.mask(value_text(value)))


def _print_trouble(instance: Instance) -> None:
    name = one_line(instance.name)
    last = instance.tries[-1].result if instance.tries else None
    if instance.note is None and last is not None and last.broken:
        click.echo(f"\n{name}: Airflow would lose this task: {safe(last.broken)}")
    elif instance.error:
        click.echo(f"\n{name}: {safe(instance.error)}")
    leftovers = [each for a_try in instance.tries if a_try.result for each in a_try.result.leftovers]
    if leftovers:
        click.echo(f"\n{name}: processes were left behind, and killed: {', '.join(leftovers)}")
