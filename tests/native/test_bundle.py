"""The native Dags of a whole bundle."""

from __future__ import annotations

import pytest

from dagfloe import Bundle
from dagfloe.format.errors import NativeDagError
from dagfloe.native.bundle import serialize_now
from dagfloe.native.serialized_dag import serialize_dag
from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.metadata import bundle_metadata

CONFIG = BundleConfig("shop:bundle", "shop", "1", "shop.py", native_dags=("b", "a"))


def test_native_dags() -> None:
    """The native Dags are sorted, and other Dags are not among them."""
    bundle = Bundle()
    for dag_id in ("c", "b", "a"):
        bundle.dag(dag_id).task(task_id="load")(lambda: None)
    metadata = bundle_metadata(CONFIG, bundle)
    assert serialize_now(CONFIG, bundle) == [serialize_dag(metadata, "a"), serialize_dag(metadata, "b")]


def test_problem() -> None:
    """A Dag with a problem is refused."""
    bundle = Bundle()
    bundle.dag("a", schedule="0 0 30 2 *").task(task_id="load")(lambda: None)
    with pytest.raises(NativeDagError, match="has no next date"):
        serialize_now(CONFIG, bundle)
