"""Imports every module that a frozen bundle should hold, and reports the ones that cannot be imported."""

from __future__ import annotations

import importlib

from dagfloe.runtime.loader import load_bundle
from dagfloe.runtime.log.sanitizer import class_name, safe_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dagfloe.runtime.config import BundleConfig

#: The traceback of an exception, however its class overrides the attribute.
_TRACEBACK = vars(BaseException)["__traceback__"].__get__


def self_check(config: BundleConfig) -> dict[str, Any]:
    """Import the bundle's module and every other module of the project.

    Args:
        config: the bundle's configuration.

    Returns:
        `ok`, and `modules`: a module's value is None if it can be imported. Else it holds the class of the `error`, its
        `message`, the name of the `missing` module if there is one, and the file and line `where` the error occurred.
    """
    modules: dict[str, Any] = {}
    for name in config.modules:
        modules[name] = _find_problem(importlib.import_module, name)
    target = config.target.partition(":")[0]
    modules[target] = modules.get(target) or _find_problem(load_bundle, config)
    return {"ok": not any(modules.values()), "modules": modules}


def _find_problem(action: Callable[[Any], object], argument: Any) -> dict[str, Any] | None:
    try:
        action(argument)
    except BaseException as error:  # noqa: BLE001 - any exception of the author's module is reported
        stack = _TRACEBACK(error)
        while stack and stack.tb_next:
            stack = stack.tb_next
        return {
            "error": class_name(error),
            "message": safe_string(error, str),  # no secret is known yet
            # Not isinstance, which the author's class may mislead.
            "missing": error.name if type(error) is ModuleNotFoundError else None,
            "where": f"{stack.tb_frame.f_code.co_filename}:{stack.tb_lineno}" if stack else "?",
        }
    return None
