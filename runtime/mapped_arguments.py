"""Chooses the items of the collections that a mapped task instance gets as its arguments."""

from __future__ import annotations

from dagfloe.errors import BindingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


class MappedArguments:
    """The arguments that a task is mapped over. All are resolved together, once.

    Args:
        mapped: the sources of the collections, by the names of the mapped parameters.
        map_index: the task instance's map index.
    """

    def __init__(self, mapped: Mapping[str, object], map_index: int) -> None:
        self._mapped = mapped
        self._map_index = map_index
        self._items: dict[str, Any] | None = None

    def choose(self, name: str, resolve: Callable[[Any], Any]) -> Any:
        """Choose a parameter's item. Of several mapped parameters, the last one changes fastest, as in Airflow.

        Args:
            name: the parameter's name.
            resolve: turns a source into its value.

        Raises:
            BindingError: when a value is not a collection, or the collections have no item for the map index.
        """
        if self._items is None:
            self._items = self._choose_all(resolve)
        return self._items[name]

    def _choose_all(self, resolve: Callable[[Any], Any]) -> dict[str, Any]:
        items: dict[str, Any] = {}
        rest = self._map_index
        for name, source in reversed(list(self._mapped.items())):
            values = resolve(source)
            if not hasattr(values, "__len__") or isinstance(values, str):
                raise BindingError(
                    f"the task is mapped over {name!r}, which is {type(values).__name__}, expected list or dict"
                )
            if not len(values):
                raise BindingError(f"the task is mapped over {name!r}, which is empty now")
            rest, index = divmod(rest, len(values))
            items[name] = list(values.items())[index] if isinstance(values, dict) else values[index]
        if rest:
            raise BindingError(
                f"the task is mapped over {', '.join(map(repr, self._mapped))}, which has no item for map index "
                f"{self._map_index}: did a task push it again with fewer items?"
            )
        return items
