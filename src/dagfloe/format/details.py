"""The part of a manifest that only dagfloe reads, as JSON in one literal scalar. Pure.

For every task, Airflow reads the manifests of a folder up to the one with the task's Dag, with a YAML reader in Python.
Such a reader needs many steps for each key and value, and few for the text of a literal scalar, whatever is in it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dagfloe.format.errors import ManifestError
from dagfloe.format.yaml_reader import MAX_DEPTH, MAX_VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The key of the literal scalar. It comes last.
DETAILS = "details"
#: What stays in YAML, because Airflow and the tools of other SDKs read it; and of each Dag.
_PLAIN = frozenset(
    {
        "airflow_bundle_metadata_version",
        "dag_source_paths",
        "dags",
        "digests",
        "entrypoint_path",
        "sdk",
        "source",
        "sources",
    }
)
_PLAIN_OF_A_DAG = frozenset({"tasks"})


def split(manifest: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Divide a manifest.

    Args:
        manifest: the manifest, with or without `digests`.

    Returns:
        What stays in YAML, and the rest as canonical JSON on one line; empty if nothing remains, and for the manifests
        of other SDKs.
    """
    if not _is_ours(manifest):
        return dict(manifest), ""
    plain, details = _divide(manifest, _PLAIN)
    divided = {dag_id: _divide(fields, _PLAIN_OF_A_DAG) for dag_id, fields in manifest["dags"].items()}
    plain["dags"] = {dag_id: fields for dag_id, (fields, _) in divided.items()}
    if dags := {dag_id: rest for dag_id, (_, rest) in divided.items() if rest}:
        details["dags"] = dags
    return plain, json.dumps(details, sort_keys=True, separators=(",", ":")) if details else ""


def join(document: dict[str, Any]) -> dict[str, Any]:
    """Put the details of a manifest that dagfloe wrote back into their places.

    Args:
        document: the mapping that the YAML holds.

    Raises:
        ManifestError: if the details are not what `split` returns.
    """
    text = document.get(DETAILS)
    if text is None or not _is_ours(document):
        return document
    details = _read(text)
    plain = {key: value for key, value in document.items() if key != DETAILS}
    dags = details.pop("dags", {})
    if not isinstance(dags, dict) or not set(details).isdisjoint(_PLAIN):
        raise ManifestError(f"the manifest's {DETAILS} repeat a field of the manifest")
    for dag_id, rest in dags.items():
        fields = plain["dags"].get(dag_id)
        if not isinstance(fields, dict) or not isinstance(rest, dict) or not set(rest).isdisjoint(_PLAIN_OF_A_DAG):
            raise ManifestError(f"the manifest's {DETAILS} do not fit its Dags")
        fields.update(rest)
    return {**plain, **details}


def _is_ours(document: Mapping[str, Any]) -> bool:
    sdk, dags = document.get("sdk"), document.get("dags")
    return isinstance(sdk, dict) and sdk.get("name") == "dagfloe" and isinstance(dags, dict)


def _divide(fields: Mapping[str, Any], plain: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    kept = {key: value for key, value in fields.items() if key in plain}
    return kept, {key: value for key, value in fields.items() if key not in plain}


def _read(text: object) -> dict[str, Any]:
    try:
        details = json.loads(str(text))
    except (ValueError, RecursionError) as error:  # the latter for lists that are nested too deep
        raise ManifestError(f"the manifest's {DETAILS} are not JSON") from error
    if not isinstance(details, dict):
        raise ManifestError(f"the manifest's {DETAILS} are not an object in JSON")
    _check_limits(details)
    return details


def _check_limits(details: dict[str, Any]) -> None:
    """Check the limits of values in YAML, without recursion."""
    level: list[Any] = [details]
    count = depth = 0
    while level:
        count += len(level)
        depth += 1
        if count > MAX_VALUES or depth > MAX_DEPTH:
            raise ManifestError(
                f"the manifest's {DETAILS} have more than {MAX_VALUES} values, or are nested deeper than {MAX_DEPTH} "
                "levels"
            )
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += value.values()
                _check_characters("".join(value))
            elif isinstance(value, list):
                below += value
            elif isinstance(value, str):
                _check_characters(value)
        level = below


def _check_characters(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ManifestError(
            f"the manifest's {DETAILS} have a string with half of a character, a lone surrogate"
        ) from error
