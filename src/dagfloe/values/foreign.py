"""Values of classes that only the task which pushed them has. Pure.

Airflow serializes an instance of a dataclass, a pydantic model or an attrs class as the name of the class and the data
of its fields. A bundle does not import classes by names that it received: `convert` creates an instance of the class
that a parameter is annotated with.
"""

from __future__ import annotations

from dagfloe.values.jsonable import ForeignValue, path_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_NAME_LENGTH = 200
#: What Airflow puts before the name of a Dag file when it imports it: a word and a digest.
_FILE_PREFIX, _FILE_PREFIX_LENGTH = "unusual_prefix_", 56


def make_foreign(name: str, data: object, *, is_readable: bool) -> ForeignValue:
    """A foreign value whose name can be shown: any other str may be a secret."""
    if name.startswith(_FILE_PREFIX):
        name = name[_FILE_PREFIX_LENGTH:]
    is_name = len(name) <= _MAX_NAME_LENGTH and all(part.isidentifier() for part in name.split("."))
    return ForeignValue(name if is_name else "a class without a name", data, is_readable=is_readable)


def cure_for(value: ForeignValue) -> str:
    """What the author can do about a foreign value."""
    plain = "let the task that pushed it return plain data"
    if value.name.startswith("pandas."):
        return f"add pandas and pyarrow to the dependencies, or {plain}"
    if not value.is_readable:
        return plain
    return (
        "annotate the parameter that receives it with dict, or with a class that has its fields, such as a dataclass, "
        f"or {plain}"
    )


def find_foreign(value: Any) -> tuple[str, ForeignValue] | None:
    """Find a foreign value.

    Args:
        value: the value to search, also in its lists, tuples, sets and dicts.

    Returns:
        The path of the first one, such as `$[2].price`, and the foreign value; None without any.
    """
    if type(value) is ForeignValue:
        return "$", value
    if type(value) is dict:
        parts = ((path_step(key), child) for key, child in value.items())
    elif type(value) in (list, tuple, set, frozenset):
        parts = ((f"[{index}]", child) for index, child in enumerate(value))
    else:
        return None
    for step, child in parts:
        found = find_foreign(child)
        if found is not None:
            return f"${step}{found[0][1:]}", found[1]
    return None


def plain_data(value: Any) -> Any:
    """A value in which the data of foreign values replace them, at every level."""
    if type(value) is ForeignValue and value.is_readable:
        return plain_data(value.data)
    if type(value) is dict:
        return {key: plain_data(child) for key, child in value.items()}
    return [plain_data(child) for child in value] if type(value) is list else value
