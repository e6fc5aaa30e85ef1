"""A Dag of a manifest as a tree of text: its task groups and tasks, and what is declared of each. Pure.

A manifest may be a stranger's: whatever has an unexpected form is shown as it is, or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.cli.show.terminal_text import one_line, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MAX_NOTE = 100
#: What is shown in another place, or is too long for here.
_ELSEWHERE = {"doc_md", "group", "groups", "kind", "mapped", "partial", "schedule", "start_date", "tasks", "upstream"}
_ROOT = ""


def dag_tree(dag_id: str, dag: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The lines of a Dag's tree.

    Args:
        dag_id: its id.
        dag: its entry in the manifest.

    Yields:
        The lines of the tree before it, what it is of, and what is declared of that.
    """
    declared = _mapping(dag.get("declaration"))
    yield "", one_line(f"Dag {dag_id}"), ", ".join(_dag_notes(declared, len(dag["tasks"])))
    tasks = _mapping(declared.get("tasks"))
    groups = [group for group in _sequence(declared.get("groups")) if isinstance(group, str)]
    children: dict[str, list[tuple[str, bool]]] = {name: [] for name in (_ROOT, *groups)}
    for task_id in dag["tasks"]:
        group = _mapping(tasks.get(task_id)).get("group")
        _place(children, task_id, group if isinstance(group, str) else _ROOT)
    yield from _branch(children, _ROOT, "", tasks)


def _place(children: dict[str, list[tuple[str, bool]]], task_id: str, group: str) -> None:
    """Put a task under its group, and that, at its first task, under the one that it is in."""
    parent = group if group in children else _ROOT
    children[parent].append((task_id, False))
    while parent != _ROOT:
        outer = parent.rpartition(".")[0]
        outer = outer if outer in children else _ROOT
        if (parent, True) in children[outer]:
            return
        children[outer].append((parent, True))
        parent = outer


def _branch(
    children: dict[str, list[tuple[str, bool]]], name: str, before: str, tasks: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    for number, (child, is_group) in enumerate(children[name], 1):
        is_last = number == len(children[name])
        shown = one_line(child.removeprefix(f"{name}.") if name else child)
        line = before + ("└── " if is_last else "├── ")
        if is_group:
            yield line, f"{shown}/", ""
            yield from _branch(children, child, before + ("    " if is_last else "│   "), tasks)
        else:
            yield line, shown, ", ".join(_task_notes(_mapping(tasks.get(child))))


def _dag_notes(declared: Mapping[str, Any], count: int) -> Iterator[str]:
    yield f"{count} task{'' if count == 1 else 's'}"
    if "schedule" in declared:
        yield _schedule(declared["schedule"])
    if "start_date" in declared:
        yield f"from {_short(str(declared['start_date']).partition('T')[0])}"
    yield from _others(declared)


def _task_notes(declared: Mapping[str, Any]) -> Iterator[str]:
    if "kind" in declared:
        yield _short(declared["kind"])
    if before := _sequence(declared.get("upstream")):
        yield f"after {_short(', '.join(map(str, before)))}"
    for name, source in _mapping(declared.get("mapped")).items():
        source = _mapping(source)  # noqa: PLW2901 - the same, of a type that is known
        values = _sequence(source.get("values"))
        over = source.get("xcom") or f"{source.get('length', len(values))} values"
        yield _short(f"mapped: {name} over {over}")
    yield from _others(declared)


def _others(declared: Mapping[str, Any]) -> Iterator[str]:
    for name, value in declared.items():
        if name in _ELSEWHERE or not isinstance(name, str):
            continue
        is_span = name.endswith("_s") and isinstance(value, (int, float))
        words = name.removesuffix("_s").replace("_", " ") if is_span else name.replace("_", " ")
        if value is True:
            yield _short(words)
        else:
            yield _short(f"{words} {_span(value) if is_span else _value(value)}")


def _schedule(schedule: Any) -> str:
    if schedule is None:
        return "no schedule"
    if isinstance(schedule, str):
        return _short(schedule)
    if isinstance(interval := _mapping(schedule).get("interval_s"), (int, float)):
        return f"every {_span(interval)}"
    return f"after {_value(_mapping(schedule).get('assets'))}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value)
    if isinstance(value, dict):
        return str(value.get("name") or value.get("uri") or value.get("alias") or value)
    return "no" if value is False else str(value)


def _span(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _short(text: Any) -> str:
    return shorten(one_line(str(text)), _MAX_NOTE)


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []
