"""Writes bundle files of another SDK that print their metadata, good ones and bad ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.raw_bundle import write_bundle

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_3_3, SCHEMA_3_4, SCHEMA_UNKNOWN = "2026-06-16", "2026-10-30", "2999-01-01"
_MANIFEST = """
airflow_bundle_metadata_version: "1.0"
dags: {{{dag_ids}}}
sdk: {{language: raw, version: "1", supervisor_schema_version: {schema}}}
source: raw.py
{more}
"""
#: What prints the metadata of a bundle file.
PRINT_METADATA = "import json\nprint(json.dumps({{'dags': {{{dags}}}}}))\n"


def write(
    path: Path, *dag_ids: str, schema: str = f'"{SCHEMA_3_3}"', more: str = "", program: str | None = None
) -> Path:
    """Write a bundle file of another SDK.

    Args:
        path: the file.
        dag_ids: its Dags.
        schema: its supervisor schema version, in YAML.
        more: more lines of the manifest.
        program: the Python program; by default it prints the metadata.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    dags = ", ".join(f"{dag_id}: {{tasks: [t]}}" for dag_id in dag_ids)
    printed = ", ".join(f"{dag_id!r}: {{}}" for dag_id in dag_ids)
    body = PRINT_METADATA.format(dags=printed) if program is None else program
    return write_bundle(path, body, _MANIFEST.format(dag_ids=dags, schema=schema, more=more))


def damage(path: Path) -> None:
    """Change a byte of the executable."""
    data = bytearray(path.read_bytes())
    data[12] ^= 1
    path.write_bytes(data)
