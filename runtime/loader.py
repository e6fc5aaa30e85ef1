"""Imports the author's module and returns the bundle that it defines."""

from __future__ import annotations

import sys

from dagfloe.authoring.bundle import Bundle
from dagfloe.errors import BundleError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.runtime.config import BundleConfig


def load_bundle(config: BundleConfig) -> Bundle:
    """Import the configured module and return its bundle.

    Args:
        config: the bundle's configuration.

    Raises:
        BundleError: when the module does not define the configured bundle, or the bundle has no task.
        BaseException: any exception that the author's module raises.
    """
    module_name, _, attribute = config.target.partition(":")
    __import__(module_name)  # importing importlib would slow down every task
    module = sys.modules[module_name]
    bundle = getattr(module, attribute, None)
    if not isinstance(bundle, Bundle):
        actual = "nothing" if bundle is None else f"{type(bundle).__name__}"
        raise BundleError(
            f"{config.target} should be a dagfloe.Bundle but is {actual}: correct `bundle` under [tool.dagfloe], "
            f"or write `{attribute} = Bundle()` in {module_name}"
        )
    for dag in bundle.dags.values():
        if dag.tasks:
            return bundle
    raise BundleError(f"the bundle {config.target} has no task: register one with @dag.task")
