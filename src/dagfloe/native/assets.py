"""Assets, references, aliases and conditions in Airflow's serialized form. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dagfloe.model.assets import DEFAULT_GROUP
from dagfloe.native.encoding import typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def asset(declared: Mapping[str, Any]) -> dict[str, Any]:
    """An inlet or an outlet of a task.

    Args:
        declared: an asset with `name` and `uri`, a reference with one of them, or an `alias`.
    """
    kind, fields = _asset(declared)
    return typed(kind, fields)


def condition(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A schedule's condition: an asset, or `any` or `all` of several conditions."""
    for operator in ("all", "any"):
        if operator in declared:
            return {"__type": f"asset_{operator}", "objects": [condition(item) for item in declared[operator]]}
    kind, fields = _asset(declared)
    return {"__type": kind, **fields}


def needs_several_events(declared: Mapping[str, Any]) -> bool:
    """Whether a condition may wait for events of more than one asset."""
    items = declared.get("all") or declared.get("any") or ()
    return len(declared.get("all", ())) > 1 or any(map(needs_several_events, items))


def leaves(declared: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The assets, references and aliases of a condition."""
    items = declared.get("all") or declared.get("any")
    if items is None:
        yield declared
    else:
        for item in items:
            yield from leaves(item)


def is_reference(declared: Mapping[str, Any]) -> bool:
    """Whether this is a reference to an asset by its name alone or its URI alone."""
    return "alias" not in declared and not {"name", "uri"} <= declared.keys()


def dependency(declared: Mapping[str, Any], *, source: str = "", target: str = "") -> dict[str, Any]:
    """An edge between a Dag and an asset in Airflow's graph of Dags.

    Args:
        declared: the asset, the reference or the alias.
        source: the Dag that emits events for it; empty for a Dag that waits for it.
        target: the Dag that waits for it; empty for a Dag that emits events for it.
    """
    if "alias" in declared:
        kind, label, identity = "asset-alias", declared["alias"], declared["alias"]
    elif is_reference(declared):
        ((field, label),) = declared.items()
        kind, identity = f"asset-{field}-ref", label
    else:
        kind, label = "asset", declared["name"]
        identity = json.dumps({"name": declared["name"], "uri": declared["uri"]})
    return {
        "source": source or kind,
        "target": target or kind,
        "label": label,
        "dependency_type": kind,
        "dependency_id": identity,
    }


def _asset(declared: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    group = declared.get("group", DEFAULT_GROUP)
    if "alias" in declared:
        return "asset_alias", {"name": declared["alias"], "group": group}
    if is_reference(declared):
        return "asset_ref", dict(declared)
    fields = {"name": declared["name"], "uri": declared["uri"], "group": group, "extra": declared.get("extra", {})}
    return "asset", fields
