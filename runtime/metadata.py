"""Makes a bundle's metadata: the manifest without the digests that the packer adds (executable bundle spec 1.0)."""

from __future__ import annotations

import platform
import sys

from dagfloe._version import __version__
from dagfloe.runtime.declaration import describe_dag
from dagfloe.runtime.declared_arguments import check_arguments
from dagfloe.runtime.handlers import declare_dag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dagfloe.authoring.bundle import Bundle
    from dagfloe.authoring.dag import Dag
    from dagfloe.runtime.config import BundleConfig

FORMAT_VERSION = "1.0"


def platform_tag() -> str:
    """Operating system and processor, such as `linux-x86_64`."""
    return f"{sys.platform}-{platform.machine().lower()}"


def bundle_metadata(config: BundleConfig, bundle: Bundle) -> dict[str, Any]:
    """The bundle's metadata, as `--bundle-metadata` prints it.

    Args:
        config: the bundle's configuration.
        bundle: the bundle; its tasks are listed in the order of registration.

    Raises:
        RegistrationError: if Airflow refuses a Dag, or a task of it could never run.
    """
    return {
        "airflow_bundle_metadata_version": FORMAT_VERSION,
        "bundle": {
            "name": config.name,
            "platform": platform_tag(),
            "python": platform.python_version(),
            "version": config.version,
        },
        "dags": {
            dag_id: _describe(dag, is_native=config.is_native(dag_id)) for dag_id, dag in sorted(bundle.dags.items())
        },
        "sdk": {
            "language": "python",
            "name": "dagfloe",
            "supervisor_schema_version": config.schema_version,
            "version": __version__,
        },
        "source": config.source,
    }


def _describe(dag: Dag, *, is_native: bool) -> dict[str, Any]:
    """Describe a Dag. A native Dag has no task handlers, because no stub tasks need them."""
    check_arguments(dag, is_native=is_native)
    fields: dict[str, Any] = {"declaration": describe_dag(dag), "tasks": list(dag.tasks)}
    if not is_native:
        return {**fields, "task_handlers": declare_dag(dag)}
    return {**fields, "is_native": True, **({"module": dag.module} if dag.module else {})}
