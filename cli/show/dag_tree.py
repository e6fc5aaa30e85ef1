"""Renders a Dag of a manifest as a tree of its task groups and tasks. Pure.

A manifest may come from another SDK. The tree shows values of an unexpected form unchanged, or leaves them out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dagfloe.cli.show.terminal_text import shorten, to_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MAX_NOTE = 100
#: Options that the tree shows in another form, or that are too long for it.
_HIDDEN_OPTIONS = frozenset(
    {"doc_md", "group", "groups", "kind", "mapped", "partial", "schedule", "start_date", "tasks", "upstream"}
)
_ROOT = ""


class TreeLine(NamedTuple):
    """One line of a tree.

    Attributes:
        branch: the lines of the tree to the left of the label.
        label: the Dag, task group or task.
        notes: its options.
    """

    branch: str
    label: str
    notes: str


def dag_tree(dag_id: str, dag: Mapping[str, Any]) -> Iterator[TreeLine]:
    """Yield the lines of a Dag's tree.

    Args:
        dag_id: the Dag's id.
        dag: its entry in the manifest.
    """
    declaration = _mapping(dag.get("declaration"))
    yield TreeLine("", to_one_line(f"Dag {dag_id}"), ", ".join(_dag_notes(dag, declaration)))
    tasks = _mapping(declaration.get("tasks"))
    groups = [group for group in _sequence(declaration.get("groups")) if isinstance(group, str)]
    children: dict[str, list[tuple[str, bool]]] = {name: [] for name in (_ROOT, *groups)}
    for task_id in dag["tasks"]:
        group = _mapping(tasks.get(task_id)).get("group")
        _add_task(children, task_id, group if isinstance(group, str) else _ROOT)
    yield from _subtree(children, _ROOT, "", tasks)


def _add_task(children: dict[str, list[tuple[str, bool]]], task_id: str, group: str) -> None:
    """Add a task to its group, and the group to its parent if this is its first task."""
    parent = group if group in children else _ROOT
    children[parent].append((task_id, False))
    while parent != _ROOT:
        grandparent = parent.rpartition(".")[0]
        grandparent = grandparent if grandparent in children else _ROOT
        if (parent, True) in children[grandparent]:
            return
        children[grandparent].append((parent, True))
        parent = grandparent


def _subtree(
    children: dict[str, list[tuple[str, bool]]], name: str, indent: str, tasks: Mapping[str, Any]
) -> Iterator[TreeLine]:
    for number, (child, is_group) in enumerate(children[name], 1):
        is_last = number == len(children[name])
        label = to_one_line(child.removeprefix(f"{name}.") if name else child)
        branch = indent + ("└── " if is_last else "├── ")
        if is_group:
            yield TreeLine(branch, f"{label}/", "")
            yield from _subtree(children, child, indent + ("    " if is_last else "│   "), tasks)
        else:
            yield TreeLine(branch, label, ", ".join(_task_notes(_mapping(tasks.get(child)))))


def _dag_notes(dag: Mapping[str, Any], declaration: Mapping[str, Any]) -> Iterator[str]:
    if dag.get("is_native") is True:
        yield "native"
    count = len(dag["tasks"])
    yield f"{count} task{'' if count == 1 else 's'}"
    if "schedule" in declaration:
        yield _schedule(declaration["schedule"])
    if "start_date" in declaration:
        yield f"from {_short(str(declaration['start_date']).partition('T')[0])}"
    yield from _option_notes(declaration)


def _task_notes(options: Mapping[str, Any]) -> Iterator[str]:
    if "kind" in options:
        yield _short(options["kind"])
    if upstream := _sequence(options.get("upstream")):
        yield f"after {_short(', '.join(map(str, upstream)))}"
    for name, source in _mapping(options.get("mapped")).items():
        source = _mapping(source)  # noqa: PLW2901 - the same, of a type that is known
        values = _sequence(source.get("values"))
        over = source.get("xcom") or f"{source.get('length', len(values))} values"
        yield _short(f"mapped: {name} over {over}")
    yield from _option_notes(options)


def _option_notes(options: Mapping[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        if name in _HIDDEN_OPTIONS or not isinstance(name, str):
            continue
        is_duration = name.endswith("_s") and isinstance(value, (int, float))
        words = name.removesuffix("_s").replace("_", " ") if is_duration else name.replace("_", " ")
        if value is True:
            yield _short(words)
        else:
            yield _short(f"{words} {_duration(value) if is_duration else _value(value)}")


def _schedule(schedule: Any) -> str:
    if schedule is None:
        return "no schedule"
    if isinstance(schedule, str):
        return _short(schedule)
    if isinstance(interval := _mapping(schedule).get("interval_s"), (int, float)):
        return f"every {_duration(interval)}"
    return _short(f"after {_value(_mapping(schedule).get('assets'))}")


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    if isinstance(value, dict):
        return str(value.get("name") or value.get("uri") or value.get("alias") or value)
    return "no" if value is False else str(value)


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _short(value: Any) -> str:
    return shorten(to_one_line(str(value)), _MAX_NOTE)


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []
