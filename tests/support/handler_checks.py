"""What Airflow checks when it compares the stub tasks of a Dag file with the handlers that a bundle file declares.

This follows the observed behaviour of a Dag processor with the check: errors keep the Dags of a file out of Airflow,
and warnings are lines in its parse log, at every parse.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
_TYPES = frozenset(_KINDS.values()) | {"array", "object"}


@dataclass(frozen=True)
class Argument:
    """An argument that a stub task passes.

    Attributes:
        name: its name.
        schema: the JSON Schema of its value, if the stub says it.
        from_default: whether it is a default of the stub's signature.
    """

    name: str
    schema: Mapping[str, Any] | None = None
    from_default: bool = False


@dataclass
class Findings:
    """What Airflow says of a stub task."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check_stub(
    handlers: Mapping[str, Sequence[Mapping[str, Any]]],
    dag_id: str,
    task_id: str,
    arguments: Sequence[Argument] = (),
    *,
    is_mapped: bool = False,
) -> Findings:
    """Compare a stub task with the declared handlers.

    Args:
        handlers: the field `task_handlers` of `TaskHandlerParsingResult`.
        dag_id: the Dag of the stub task.
        task_id: the full id of the stub task.
        arguments: what its call passes.
        is_mapped: whether it is mapped: then only the presence of a handler is checked.
    """
    found = Findings()
    declared = {handler["task_id"]: handler for handler in handlers.get(dag_id, ())}
    handler = declared.get(task_id)
    if handler is None:
        found.errors.append(f"no task handler for {dag_id}.{task_id}")
        return found
    params = handler["params"]
    if is_mapped or params is None:
        return found
    assert handler["binding"] == "named", "a handler of dagfloe's binds by name"
    _match_names(arguments, params, found)
    return found


def _match_names(arguments: Sequence[Argument], params: Iterable[Mapping[str, Any]], found: Findings) -> None:
    exact = {param["name"]: param for param in params}
    folded = {_fold(param["name"]): param for param in params if not param.get("exact_name")}
    filled = set()
    for argument in arguments:
        param = exact.get(argument.name) or folded.get(_fold(argument.name))
        if param is None:
            if not argument.from_default:
                found.warnings.append(f"the call passes {argument.name!r}, which the task handler does not declare")
            continue
        filled.add(param["name"])
        if not fits(argument.schema, param.get("value_schema")):
            found.errors.append(f"argument {argument.name!r} does not fit")
    for name in exact:
        if name not in filled:
            found.warnings.append(f"the task handler declares {name!r}, which the call does not pass")


def _fold(name: str) -> str:
    return name.lower().replace("_", "")


def fits(passed: Mapping[str, Any] | None, taken: Mapping[str, Any] | None) -> bool:
    """Whether the types of a stub's argument fit those of a handler's parameter; unknown types always do."""
    ours, theirs = kinds(taken), kinds(passed)
    if ours is None or theirs is None:
        return True
    if "null" in theirs and "null" not in ours:
        return False
    others = theirs - {"null"}
    return not others or any(kind in ours or (kind == "integer" and "number" in ours) for kind in others)


def kinds(schema: Mapping[str, Any] | None) -> set[str] | None:
    """The types of JSON values that a schema states at its top; None if it states none."""
    if not schema or "$ref" in schema or "allOf" in schema:
        return None
    if "type" in schema:
        types = {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"])
        return types if types <= _TYPES else None
    for name in ("anyOf", "oneOf"):
        if name in schema:
            members = [kinds(member) for member in schema[name]]
            return None if None in members else {kind for member in members for kind in member or ()}
    if "const" in schema:
        return {_KINDS[type(schema["const"])]}
    if "enum" in schema:
        return {_KINDS[type(value)] for value in schema["enum"]}
    return None
