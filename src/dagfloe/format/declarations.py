"""What a manifest declares about a Dag. Pure, and without other packages, because some bundle files contain it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def declaration(manifest: Mapping[str, Any], dag_id: str) -> dict[str, Any] | None:
    """What dagfloe declares about a Dag beyond its tasks.

    Args:
        manifest: a valid manifest, or the metadata of a project.
        dag_id: one of its Dags.

    Returns:
        The declaration; None if another SDK wrote the manifest, because nothing has checked what it declares.
    """
    if manifest["sdk"].get("name") != "dagfloe":
        return None
    declared: dict[str, Any] | None = manifest["dags"][dag_id].get("declaration")
    return declared


def is_native(manifest: Mapping[str, Any], dag_id: str) -> bool:
    """Whether the bundle file itself returns a Dag to Airflow's Dag processor. Other SDKs do not declare that.

    Args:
        manifest: a valid manifest, or the metadata of a project.
        dag_id: one of its Dags.
    """
    return bool(manifest["sdk"].get("name") == "dagfloe" and manifest["dags"][dag_id].get("is_native") is True)
