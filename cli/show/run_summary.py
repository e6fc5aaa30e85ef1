"""The summary at the end of a Dag run."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from typing import TYPE_CHECKING

import click

from dagfloe.cli.show.terminal_text import STATE_COLORS, escape_controls, shorten, to_one_line
from dagfloe.constants import QUEUED, SUCCESS
from dagfloe.local.display import format_value

if TYPE_CHECKING:
    from dagfloe.local.schedule.dag_result import DagResult
    from dagfloe.local.schedule.instances import Instance
    from dagfloe.local.store.store import Store

#: The width of the table if the output is not a terminal.
_WIDTH = 160
#: The width of the columns `tries` and `seconds`, with their gaps.
_NUMBERS = 22
#: If a mapped task has more instances than this, the table leaves out those that succeeded.
_MAX_INSTANCES = 20


def print_summary(result: DagResult, store: Store) -> None:
    """Print the task instances with states, seconds and return values, their errors, and the state of the Dag run."""
    instances = _listed_instances(result.instances)
    _print_table(instances, result, store)
    if hidden := len(result.instances) - len(instances):
        click.echo(f"and {hidden} more task instances in state success")
    for instance in result.instances:
        _print_problems(instance, store)
    for run in list(store.runs.values()):
        if run.state == QUEUED:
            name = to_one_line(store.mask(f"{run.run_id} of Dag {run.dag_id}"))
            click.echo(f"\nDag run {name} was triggered, but dagfloe does not run it")
    state = click.style(result.state, fg=STATE_COLORS.get(result.state, "red"))
    click.echo(f"\nDag {to_one_line(result.graph.dag_id)}: {state} in {result.seconds:.1f} s")


def _print_table(instances: list[Instance], result: DagResult, store: Store) -> None:
    name_width = max(map(len, (*(to_one_line(instance.name) for instance in instances), "task")))
    state_width = max(map(len, (*(_state(instance) for instance in instances), "state")))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH
    value_width = max(_NUMBERS + 8, width) - _NUMBERS - name_width - state_width
    click.echo(f"\n{'task':<{name_width}}  {'state':<{state_width}}  tries  seconds  return_value")
    for instance in instances:
        state = _state(instance)
        styled, gap = click.style(state, fg=STATE_COLORS.get(state)), " " * (state_width - len(state))
        numbers = f"{_tries(instance):>5}  {instance.seconds:>7.2f}" if instance.tries else " " * 14
        value = shorten(_return_value(instance, result, store), value_width)
        click.echo(f"{to_one_line(instance.name):<{name_width}}  {styled}" + f"{gap}  {numbers}  {value}".rstrip())


def _listed_instances(instances: tuple[Instance, ...]) -> list[Instance]:
    counts = Counter(instance.task.task_id for instance in instances)
    return [
        instance
        for instance in instances
        if counts[instance.task.task_id] <= _MAX_INSTANCES or instance.state != SUCCESS
    ]


def _state(instance: Instance) -> str:
    return instance.state or "not run"


def _tries(instance: Instance) -> int:
    return max(attempt.try_number for attempt in instance.tries)


def _return_value(instance: Instance, result: DagResult, store: Store) -> str:
    value = store.return_value(result.graph.dag_id, result.run_id, instance.task.task_id, instance.map_index)
    # Mask before the value is shortened, so that no part of a secret remains.
    return "" if value is None else to_one_line(store.mask(format_value(value)))


def _print_problems(instance: Instance, store: Store) -> None:
    """Print why a task instance failed, and which processes it left."""
    name = to_one_line(instance.name)
    last = instance.tries[-1].result if instance.tries else None
    if instance.note is None and last is not None and last.broken:
        click.echo(f"\n{name}: Airflow would lose this task: {escape_controls(store.mask(last.broken))}")
    elif instance.error:
        click.echo(f"\n{name}: {escape_controls(store.mask(instance.error))}")
    leftovers = [
        process for attempt in instance.tries if attempt.result is not None for process in attempt.result.leftovers
    ]
    if leftovers:
        click.echo(f"\n{name}: dagfloe killed processes that it left behind: {', '.join(leftovers)}")
