"""Imports every module that a frozen bundle should hold, and reports the ones that cannot be imported."""

from __future__ import annotations

import importlib

from dagfloe.runtime.loader import load_bundle
from dagfloe.runtime.log.sanitizer import class_name, safe_string
from dagfloe.runtime.missing_modules import iterate_causes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from dagfloe.runtime.config import BundleConfig

#: The environment variable with which a build names the file of the targets.
TARGETS_VARIABLE = "DAGFLOE_SELF_CHECK"
#: The traceback of an exception, however its class overrides the attribute.
_TRACEBACK = vars(BaseException)["__traceback__"].__get__
#: How `importlib.metadata`, its backport and `pkg_resources` say that a distribution is not installed.
_NO_DISTRIBUTION = ("PackageNotFoundError", "DistributionNotFound")


def self_check(config: BundleConfig, targets: Iterable[str] = ()) -> dict[str, Any]:
    """Import the bundle's module, every other module of the project, and further targets.

    Args:
        config: the bundle's configuration.
        targets: what the project's code imports anywhere, as `module` or `module:attribute`.

    Returns:
        `ok`, whether all modules of the project can be imported; `modules` and `imports`, the problem of each module
        and of each target. It is None if the import works. Else it holds the class of the `error`, its `message`, the
        name of the `missing` module, `distribution` or `file` if there is one, the file and line `where` the error
        occurred, and the same of its `causes`, the nearest first.
    """
    modules: dict[str, Any] = {}
    for name in config.modules:
        modules[name] = _find_problem(importlib.import_module, name)
    target = config.target.partition(":")[0]
    modules[target] = modules.get(target) or _find_problem(load_bundle, config)
    imports = {name: _find_problem(_import_target, name) for name in targets}
    return {"ok": not any(modules.values()), "modules": modules, "imports": imports}


def _import_target(target: str) -> None:
    name, _, attribute = target.partition(":")
    module = importlib.import_module(name)
    if attribute and not hasattr(module, attribute):
        importlib.import_module(f"{name}.{attribute}")


def _find_problem(action: Callable[[Any], object], argument: Any) -> dict[str, Any] | None:
    try:
        action(argument)
    except BaseException as error:  # noqa: BLE001 - any exception of the author's module is reported
        first, *causes = map(_describe, iterate_causes(error))
        return {**first, "causes": causes}
    return None


def _describe(error: BaseException) -> dict[str, Any]:
    stack = _TRACEBACK(error)
    while stack and stack.tb_next:
        stack = stack.tb_next
    kind = class_name(error)
    file = error.filename if isinstance(error, OSError) and type(error).__module__ == "builtins" else None
    return {
        "error": kind,
        "message": safe_string(error, str),  # no secret is known yet
        # Not isinstance, which the author's class may mislead.
        "missing": error.name if type(error) is ModuleNotFoundError else None,
        "distribution": safe_string(error.args[0], str) if kind in _NO_DISTRIBUTION and error.args else None,
        "file": file if isinstance(file, str) else None,
        "where": f"{stack.tb_frame.f_code.co_filename}:{stack.tb_lineno}" if stack else "?",
    }
