"""Imports the author's module and finds the bundle in it."""

from __future__ import annotations

import sys

from dagfloe.authoring.bundle import Bundle
from dagfloe.errors import BundleError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.runtime.config import BundleConfig


def load_bundle(config: BundleConfig) -> Bundle:
    """Import the configured module and take the bundle from it.

    Raises:
        BundleError: when there is no bundle where the configuration says, or nothing is registered in it.
        BaseException: whatever the author's module raises.
    """
    module_name, _, attribute = config.target.partition(":")
    __import__(module_name)  # importlib would cost every task its own import
    module = sys.modules[module_name]
    bundle = getattr(module, attribute, None)
    if not isinstance(bundle, Bundle):
        found = "nothing" if bundle is None else f"{type(bundle).__name__}"
        raise BundleError(
            f"{config.target} should be a dagfloe.Bundle but is {found}: correct `bundle` under [tool.dagfloe], "
            f"or write `{attribute} = Bundle()` in {module_name}"
        )
    for dag in bundle.dags.values():
        if dag.tasks:
            return bundle
    raise BundleError(f"the bundle {config.target} has no task: register one with @dag.task")
