"""The rules for a task's options. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.authoring.scheduling.options import TRIGGER_RULES
from dagfloe.constants import TEARDOWN_RULE
from dagfloe.native.rules.dag import id_problems
from dagfloe.native.rules.schedule import order_problems
from dagfloe.native.rules.values import MAX_INT, date_problems, duration_problems, integer_problems, length_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LIMITS = {"executor": 1000, "pool": 256, "queue": 256, "task_display_name": 2000}
_INTEGERS = (
    "max_active_tis_per_dag",
    "max_active_tis_per_dagrun",
    "pool_slots",
    "priority_weight",
    "retries",
)
_DURATIONS = ("execution_timeout", "max_retry_delay", "retry_delay")
_RULES = (*TRIGGER_RULES, TEARDOWN_RULE)
_FAIL_FAST_RULES = ("all_success", TEARDOWN_RULE)


def task_problems(where: str, declared: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Describe the problems of the options of a Dag's tasks.

    Args:
        where: the Dag.
        declared: its declaration.
        tasks: the declarations of its tasks, by task_id.
    """
    for task_id in sorted({*declared["tasks"]} - {*tasks}):
        yield f"{where}: it declares the task {task_id!r}, which the manifest does not list"
    for task_id, task in tasks.items():
        place = f"{where}, task {task_id!r}"
        yield from id_problems(place, "task_id", task_id)
        yield from length_problems(place, task, _LIMITS)
        yield from integer_problems(place, task, _INTEGERS)
        yield from duration_problems(place, task, _DURATIONS)
        for name in ("start_date", "end_date"):
            yield from date_problems(place, task, name)
        yield from order_problems(place, task)
        yield from _rule_problems(place, declared, task)
    # By default, a task instance has the sum of the weights of all tasks after it.
    total = sum(abs(task.get("priority_weight", 1)) for task in tasks.values())
    if total > MAX_INT:
        yield f"{where}: the priority_weights of its tasks add up to {total}, and Airflow's database holds {MAX_INT}"


def _rule_problems(place: str, declared: Mapping[str, Any], task: Mapping[str, Any]) -> Iterator[str]:
    rule = task.get("trigger_rule", "all_success")
    if rule not in _RULES:
        yield f"{place}: the trigger_rule {rule!r} is unknown: use one of {', '.join(_RULES)}"
    elif declared.get("fail_fast") and rule not in _FAIL_FAST_RULES:
        yield f"{place}: a Dag with fail_fast allows no other trigger_rule than all_success: remove {rule!r}"
    mapped = task.get("mapped", {}).values()
    if rule == "always" and any("xcom" in source for source in mapped):
        yield f"{place}: it is mapped over a return value, so Airflow refuses the trigger_rule 'always': choose another"
