"""The items that a database saves from a store, as JSON values, and their conversion to and from records."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

from dagfloe.values.dates import to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable

    #: Puts one saved item back, from its key and its value.
    Restore = Callable[[list[Any], Any], None]


class SavedItem(NamedTuple):
    """One item to save.

    Attributes:
        noun: the kind of item, such as `xcom`.
        key: identifies the item among those of its kind.
        value: its value; datetimes are allowed in addition to JSON's types.
    """

    noun: str
    key: tuple[Any, ...]
    value: Any


def record_to_dict(record: object, record_type: type) -> dict[str, Any]:
    """Return the fields of a record by name."""
    return {field.name: getattr(record, field.name) for field in fields(record_type)}


def record_from_dict(record_type: type, values: dict[str, Any]) -> Any:
    """Make a record of its fields. Its dates may be strings, and fields of other versions are ignored.

    Raises:
        TypeError: if a field is missing.
        ValueError: if a date is not in ISO form.
    """
    types = {field.name: str(field.type) for field in fields(record_type)}
    return record_type(
        **{
            name: to_datetime(value) if types[name].startswith("datetime") and value is not None else value
            for name, value in values.items()
            if name in types
        }
    )
