"""Imports everything that a frozen bundle should hold, and says what is missing."""

from __future__ import annotations

import importlib

from dagfloe.runtime.loader import load_bundle
from dagfloe.runtime.log.sanitizer import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dagfloe.runtime.config import BundleConfig


def self_check(config: BundleConfig) -> dict[str, Any]:
    """Import the bundle's module and every other one of the project.

    Returns:
        `ok`, and `modules`: for each module null, or the `error`'s class, its `message`, the name of the `missing`
        module if that is what it is about, and the file and line `where` it happened.
    """
    modules: dict[str, Any] = {}
    for name in config.modules:
        modules[name] = _problem_of(importlib.import_module, name)
    target = config.target.partition(":")[0]
    modules[target] = modules.get(target) or _problem_of(load_bundle, config)
    return {"ok": not any(modules.values()), "modules": modules}


def _problem_of(action: Callable[[Any], object], argument: Any) -> dict[str, Any] | None:
    try:
        action(argument)
    except BaseException as error:  # noqa: BLE001 - whatever the author's module raises is an answer
        stack = error.__traceback__
        while stack and stack.tb_next:
            stack = stack.tb_next
        return {
            "error": type(error).__name__,
            "message": text_of(error, str),  # no secret is known yet
            "missing": error.name if isinstance(error, ModuleNotFoundError) else None,
            "where": f"{stack.tb_frame.f_code.co_filename}:{stack.tb_lineno}" if stack else "?",
        }
    return None
