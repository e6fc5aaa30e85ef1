"""Serializes all native Dags of a bundle. A bundle file that makes its Dags at each parse contains this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.format.declarations import is_native
from dagfloe.native.check import check_bundle
from dagfloe.native.serialized_dag import serialize_dag
from dagfloe.runtime.metadata import bundle_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.authoring.bundle import Bundle
    from dagfloe.runtime.config import BundleConfig


def serialize_dags(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The serialized forms of all native Dags, sorted by dag_id.

    Args:
        manifest: the manifest of a bundle file, or the metadata of a project. It must have passed `check_bundle`.
    """
    return [serialize_dag(manifest, dag_id) for dag_id in sorted(manifest["dags"]) if is_native(manifest, dag_id)]


def serialize_now(config: BundleConfig, bundle: Bundle) -> list[dict[str, Any]]:
    """The serialized forms of the native Dags that a bundle has now: see `BundleConfig.serialize_dags`.

    Args:
        config: the bundle's configuration.
        bundle: the bundle.

    Raises:
        NativeDagError: if Airflow would refuse a Dag, or fail with it.
    """
    metadata = bundle_metadata(config, bundle)
    check_bundle(metadata)
    return serialize_dags(metadata)
