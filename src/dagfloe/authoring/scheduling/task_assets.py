"""The inlets and outlets of tasks. Pure."""

from __future__ import annotations

from dagfloe.errors import RegistrationError
from dagfloe.model.assets import Asset, AssetAlias, AssetRef

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dagfloe.authoring.scheduling.options import Outlet


def read_assets(name: str, value: object, task_id: str) -> tuple[Outlet, ...]:
    """The assets, references and aliases of a task's option.

    Args:
        name: `inlets` or `outlets`.
        value: one of them, or several in an iterable.
        task_id: the task, for the error.

    Raises:
        RegistrationError: if something else is in it.
    """
    is_several = hasattr(value, "__iter__") and not isinstance(value, str)
    items: tuple[Any, ...] = tuple(value) if is_several else (value,)  # type: ignore[arg-type]
    for item in items:
        if not isinstance(item, (Asset, AssetAlias, AssetRef)):
            raise RegistrationError(
                f"the {name} of task {task_id!r} contain {item!r}: pass an Asset, such as Asset('s3://shop/orders'), "
                "an AssetAlias, or a list of them"
            )
    return items
