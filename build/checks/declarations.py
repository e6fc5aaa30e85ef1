"""Compares what a frozen program declares with what the project declares without freezing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.format.errors import FreezeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_MAX_DIFFERENCES = 10
_MAX_VALUE = 80
_ABSENT = object()
_SIDES, _IMPORTS = ("in the project", "in the file"), ("at one import", "at another")


def check_declarations(
    frozen: Mapping[str, Any],
    unfrozen: Mapping[str, Any],
    read_again: Callable[[], Mapping[str, Any]],
    reasons: Callable[[], Iterable[str]],
) -> None:
    """Check that a frozen program declares the same as its project.

    Args:
        frozen: the program's metadata.
        unfrozen: the project's metadata, read in its environment.
        read_again: reads the program's metadata once more.
        reasons: returns the probable reasons of a difference, with their cures.

    Raises:
        FreezeError: if there is a difference. The message names the Dag, the task or the option, and the reason.
    """
    differences = list(list_differences(unfrozen, frozen))
    if not differences:
        return
    if changes := list(list_differences(frozen, read_again(), _IMPORTS)):
        raise FreezeError(f"the module of the bundle declares other things at every import: {changes[0]}")
    more = len(differences) - _MAX_DIFFERENCES
    lines = [*differences[:_MAX_DIFFERENCES], *([f"and {more} more differences"] if more > 0 else [])]
    lines += reasons() or ["the reason is in the module: it may depend on sys.frozen, on a path or on the environment"]
    raise FreezeError("\n  ".join(["the file would declare something else than the project:", *lines]))


def list_differences(
    metadata: Mapping[str, Any], others: Mapping[str, Any], names: tuple[str, str] = _SIDES
) -> Iterator[str]:
    """Describe each difference between the metadata of a project and of its frozen program.

    Args:
        metadata: the project's metadata.
        others: the program's metadata.
        names: where the first and the second metadata come from.
    """
    dags, other_dags = metadata["dags"], others["dags"]
    for dag_id in sorted({*dags, *other_dags}):
        if dag_id not in dags or dag_id not in other_dags:
            yield f"the Dag {dag_id!r} is only {names[dag_id not in dags]}"
            continue
        tasks, other_tasks = list(dags[dag_id]["tasks"]), list(other_dags[dag_id]["tasks"])
        for task_id in sorted({*tasks} ^ {*other_tasks}):
            yield f"the task {task_id!r} of the Dag {dag_id!r} is only {names[task_id not in tasks]}"
        if {*tasks} == {*other_tasks}:
            yield from _compare(f"the Dag {dag_id!r}", "", (dags[dag_id], other_dags[dag_id]), names)
    yield from _compare("the bundle", "", ({**metadata, "dags": None}, {**others, "dags": None}), names)


def _compare(name: str, path: str, values: tuple[Any, Any], names: tuple[str, str]) -> Iterator[str]:
    """Describe the differences of two values, the deepest ones."""
    value, other = values
    if isinstance(value, dict) and isinstance(other, dict):
        for key in sorted({*value, *other}, key=str):
            inner = f"{path}.{key}" if path else str(key)
            yield from _compare(name, inner, (value.get(key, _ABSENT), other.get(key, _ABSENT)), names)
    elif isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        for index, pair in enumerate(zip(value, other, strict=True)):
            yield from _compare(name, f"{path}[{index}]", pair, names)
    elif value != other or type(value) is not type(other):
        yield f"{name} has {path} = {_show(value)} {names[0]} and {_show(other)} {names[1]}"


def _show(value: Any) -> str:
    shown = "nothing" if value is _ABSENT else repr(value)
    return shown if len(shown) <= _MAX_VALUE else f"{shown[:_MAX_VALUE]}..."
