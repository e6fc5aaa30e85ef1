"""The rules for a Dag's own options, its groups and its deadlines. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dagfloe.authoring.graph import check_id
from dagfloe.authoring.group import check_group_id
from dagfloe.errors import RegistrationError
from dagfloe.native.rules.values import (
    MAX_DURATION_S,
    date_problems,
    duration_problems,
    integer_problems,
    length_problems,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LIMITS = {"dag_display_name": 2000, "description": 2**16 // 4}
_MAX_TAG = 100
_MAX_OWNER = 500
_MAX_OWNERS = 2000
_INTEGERS = ("max_active_runs", "max_active_tasks", "max_consecutive_failed_dag_runs")
_DOTTED_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
#: What Airflow's module `serde` reads in a mapping as the name of a class.
_SERDE_KEYS = {"__classname__", "__type", "__id__", "__schema_id__"}
_MAX_DEADLINE_NAME = 250


def dag_problems(
    where: str, dag_id: str, declared: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """Describe the problems of a Dag's own options.

    Args:
        where: the Dag.
        dag_id: its id.
        declared: its declaration.
        tasks: the declarations of its tasks, by task_id.
    """
    yield from id_problems(where, "dag_id", dag_id)
    yield from length_problems(where, declared, _LIMITS)
    yield from integer_problems(where, {name: declared.get(name, 0) for name in _INTEGERS}, _INTEGERS)
    yield from duration_problems(where, declared, ("dagrun_timeout",))
    for tag in declared.get("tags", ()):
        if len(tag) > _MAX_TAG:
            yield f"{where}: the tag {tag[:30]!r}... has {len(tag)} characters: Airflow allows {_MAX_TAG}"
    owners = ", ".join({task.get("owner", "airflow") for task in tasks.values()})
    if len(owners) > _MAX_OWNERS:
        yield (
            f"{where}: the names of all owners have {len(owners)} characters, and Airflow's database holds "
            f"{_MAX_OWNERS}: use fewer owners"
        )
    yield from _owner_link_problems(where, declared.get("owner_links", {}))
    yield from _group_problems(where, declared, tasks)
    for deadline in declared.get("deadline", ()):
        yield from _deadline_problems(f"{where}: a deadline", deadline)


def id_problems(where: str, kind: str, value: str) -> Iterator[str]:
    """Describe why Airflow does not accept an id."""
    try:
        check_id(kind, value)
    except RegistrationError as error:
        yield f"{where}: {error}"


def _owner_link_problems(where: str, links: Mapping[str, str]) -> Iterator[str]:
    for owner, link in links.items():
        try:
            parts = urlsplit(link)
        except ValueError as error:
            yield f"{where}: the link {link!r} of the owner {owner!r} is not valid: {error}"
            continue
        is_complete = parts.path if parts.scheme == "mailto" else parts.scheme and parts.netloc
        if not is_complete:
            yield f"{where}: the link {link!r} of the owner {owner!r} is not complete: write https://... or mailto:..."
        elif max(len(link), len(owner)) > _MAX_OWNER:
            yield f"{where}: the owner {owner[:30]!r} or its link is longer than {_MAX_OWNER} characters: shorten it"


def _group_problems(where: str, declared: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    stated = {*declared.get("groups", ()), *(task["group"] for task in tasks.values() if "group" in task)}
    groups: set[str] = set()
    for group in stated:
        parts = group.split(".")
        groups.update(".".join(parts[: length + 1]) for length in range(len(parts)))
    for group in sorted(groups):
        try:
            check_group_id(group.rpartition(".")[2])
        except RegistrationError as error:
            yield f"{where}: {error}"
        for taken in (group, f"{group}.upstream_join_id", f"{group}.downstream_join_id"):
            if taken in tasks:
                yield f"{where}: the task {taken!r} has an id that the task group {group!r} needs: rename the task"
    for task_id, task in tasks.items():
        if "group" in task and not task_id.startswith(f"{task['group']}."):
            yield (
                f"{where}: task {task_id!r} is in the group {task['group']!r}, "
                "but its task_id does not begin with the group's id"
            )
    for group in sorted({*declared.get("group_options", {})} - groups):
        yield f"{where}: it has options of the task group {group!r}, but no such group"


def _deadline_problems(where: str, deadline: Mapping[str, Any]) -> Iterator[str]:
    if not _DOTTED_NAME.fullmatch(deadline["callback"]):
        yield f"{where}: the callback {deadline['callback']!r} is not the dotted name of a function"
    if "context" in deadline.get("kwargs", {}):
        yield f"{where}: Airflow passes `context` to the callback itself: rename the key in `kwargs`"
    for key in sorted(_SERDE_KEYS & set(_keys(deadline.get("kwargs", {})))):
        yield f"{where}: Airflow reads the key {key!r} in `kwargs` as the name of a class: rename it"
    if abs(deadline.get("interval_s", 0)) > MAX_DURATION_S:
        yield f"{where}: its interval is longer than 100 years: use a shorter one"
    if isinstance(deadline["reference"], dict):
        yield from date_problems(where, deadline["reference"], "fixed_datetime")
    yield from length_problems(where, deadline, {"name": _MAX_DEADLINE_NAME})


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _keys(item)
