"""The rules for assets, references and aliases. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.errors import RegistrationError
from dagfloe.model.asset_uris import normalize_uri
from dagfloe.native.assets import is_reference, leaves
from dagfloe.native.timetables import schedule_condition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAX_LENGTH = 1500
_RESERVED_NAMES = ("self", "context")


def asset_problems(where: str, declared: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Describe the problems of the assets of a schedule, and of inlets and outlets.

    Args:
        where: the Dag.
        declared: its declaration.
        tasks: the declarations of its tasks, by task_id.
    """
    schedule = declared.get("schedule")
    if isinstance(schedule, dict) and "interval_s" not in schedule:
        for asset in leaves(schedule_condition(schedule)):
            yield from _asset_problems(f"{where}: the schedule", asset)
    for task_id, task in tasks.items():
        for name in ("inlets", "outlets"):
            for asset in task.get(name, ()):
                yield from _asset_problems(f"{where}, task {task_id!r}: {name}", asset)


def _asset_problems(where: str, asset: Mapping[str, Any]) -> Iterator[str]:
    for field in ("name", "uri", "alias", "group"):
        value = asset.get(field)
        if value is None:
            continue
        if value.isspace():
            yield f"{where}: an asset's {field} is blank: name it"
        elif len(value) > _MAX_LENGTH:
            yield f"{where}: an asset's {field} has {len(value)} characters: Airflow allows {_MAX_LENGTH}"
    if "alias" in asset or is_reference(asset):
        return
    if asset["name"] in _RESERVED_NAMES:
        yield f"{where}: Airflow reserves the name {asset['name']!r}: choose another name for the asset"
    try:
        normal = normalize_uri(asset["uri"])
    except RegistrationError as error:
        yield f"{where}: {error}"
        return
    if normal != asset["uri"]:
        # The events of the bundle would name another asset than the Dags of Python files.
        yield f"{where}: Airflow stores the URI {asset['uri']!r} as {normal!r}: write it so"
