"""The configuration of a running bundle. The build writes it as a literal into the frozen entry script."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dagfloe.authoring.bundle import Bundle

#: The supervisor schema version that a bundle speaks, by its `airflow` setting.
SCHEMA_VERSIONS = {"3.3": "2026-06-16", "3.4": "2026-10-30"}
#: The supervisor schema version that both Airflow 3.3 and 3.4 accept.
DEFAULT_SCHEMA_VERSION = SCHEMA_VERSIONS["3.3"]


class BundleConfig:
    """The configuration of one bundle file.

    Args:
        target: the place of the `Bundle`, as `module:attribute`.
        name: the project's name.
        version: the project's version.
        source: the file name of the main module, such as `tasks.py`, for display.
        modules: every module of the author's project; the self-check imports them.
        schema_version: the supervisor schema version that the bundle speaks.
        tls_paths: OpenSSL's default certificate file and folder on the machine that built the bundle.
        native_dags: the dag_ids of the native Dags; True for all Dags.
        serialize_dags: makes the native Dags of the bundle at each parse; None if the build has made them.
    """

    __slots__ = (
        "modules",
        "name",
        "native_dags",
        "schema_version",
        "serialize_dags",
        "source",
        "target",
        "tls_paths",
        "version",
    )

    def __init__(
        self,
        target: str,
        name: str,
        version: str,
        source: str,
        modules: tuple[str, ...] = (),
        schema_version: str = DEFAULT_SCHEMA_VERSION,
        tls_paths: tuple[str, ...] = (),
        native_dags: bool | tuple[str, ...] = (),
        serialize_dags: Callable[[BundleConfig, Bundle], list[dict[str, Any]]] | None = None,
    ) -> None:
        self.target = target
        self.name = name
        self.version = version
        self.source = source
        self.modules = modules
        self.schema_version = schema_version
        self.tls_paths = tls_paths
        self.native_dags = native_dags
        self.serialize_dags = serialize_dags

    def is_native(self, dag_id: str) -> bool:
        """Whether a Dag is native: the bundle file itself returns it to Airflow's Dag processor."""
        return self.native_dags if isinstance(self.native_dags, bool) else dag_id in self.native_dags
