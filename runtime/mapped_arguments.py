"""Which items of what it is mapped over a mapped task instance gets."""

from __future__ import annotations

from dagfloe.errors import BindingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


class Items:
    """What a task is mapped over, resolved once for all its parameters.

    Args:
        mapped: the sources by parameter.
        map_index: the task instance's.
    """

    def __init__(self, mapped: Mapping[str, object], map_index: int) -> None:
        self._mapped = mapped
        self._map_index = map_index
        self._chosen: dict[str, Any] | None = None

    def item(self, name: str, resolve: Callable[[Any], Any]) -> Any:
        """The item for a parameter: of several, the last one changes fastest, as in Airflow."""
        if self._chosen is None:
            chosen: dict[str, Any] = {}
            rest = self._map_index
            for each, source in reversed(list(self._mapped.items())):
                values = resolve(source)
                if not hasattr(values, "__len__") or isinstance(values, str):
                    raise BindingError(
                        f"the task is mapped over {each!r}, which is {type(values).__name__}, no list or map"
                    )
                if not len(values):
                    raise BindingError(f"the task is mapped over {each!r}, which is empty now")
                rest, index = divmod(rest, len(values))
                chosen[each] = list(values.items())[index] if isinstance(values, dict) else values[index]
            if rest:
                raise BindingError(
                    f"the task is mapped over {', '.join(map(repr, self._mapped))}, which has no item for map index "
                    f"{self._map_index}: was it pushed anew in between?"
                )
            self._chosen = chosen
        return self._chosen[name]
