"""The part of a manifest that only dagfloe reads."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.format.errors import ManifestError
from dagfloe.format.manifest import parse_manifest, render_manifest
from dagfloe.format.yaml_reader import MAX_DEPTH

OURS: dict[str, Any] = {
    "airflow_bundle_metadata_version": "1.0",
    "bundle": {"name": "etl", "version": "1.0"},
    "dags": {
        "etl": {
            "declaration": {"doc_md": "# A\ntitle: with a colon", "tasks": {"load": {"upstream": ["extract"]}}},
            "is_native": True,
            "tasks": ["extract", "load"],
        },
        "bare": {"tasks": ["only"]},
    },
    "dag_source_paths": {"etl": "tasks.py"},
    "digests": {"cache": "0" * 64, "integrity": "1" * 64},
    "entrypoint_path": "tasks.py",
    "floor": {"libc": "glibc"},
    "sdk": {"language": "python", "name": "dagfloe", "version": "1", "supervisor_schema_version": "2026-06-16"},
    "source": "tasks.py",
    "sources": ["tasks.py"],
}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


def with_details(details: str) -> bytes:
    """A manifest with these details."""
    sdk = "{language: python, name: dagfloe}"
    return f"dags: {{etl: {{tasks: [a]}}}}\nsdk: {sdk}\ndetails: |\n  {details}\n".encode()


def test_what_airflow_reads_is_plain_yaml() -> None:
    """Airflow and other tools find all ids and what the format of bundles describes; the rest is one scalar."""
    rendered = render_manifest(OURS)
    document = yaml.safe_load(rendered)
    assert list(document) == [*sorted(set(OURS) - {"bundle", "floor"}), "details"]
    assert document["dags"] == {"bare": {"tasks": ["only"]}, "etl": {"tasks": ["extract", "load"]}}
    details = {
        "bundle": OURS["bundle"],
        "dags": {"etl": {key: OURS["dags"]["etl"][key] for key in ("declaration", "is_native")}},
        "floor": OURS["floor"],
    }
    assert json.loads(document["details"]) == details
    assert parse_manifest(rendered) == OURS
    assert render_manifest(parse_manifest(rendered)) == rendered


def test_manifest_of_another_sdk() -> None:
    """A field of the same name in a manifest of another SDK is a field like any other."""
    manifest = {**OURS, "sdk": {"language": "go", "name": "airflow-go"}, "details": "{"}
    assert parse_manifest(render_manifest(manifest)) == manifest
    assert b"  bundle" not in render_manifest(manifest)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), values, max_size=3))
def test_any_details(declaration: dict[str, Any]) -> None:
    """Whatever a Dag declares is read as it was written."""
    dags = {"etl": {"declaration": declaration, "tasks": ["a"]}}
    manifest = {**OURS, "dags": dags}
    assert parse_manifest(render_manifest(manifest)) == manifest


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=100))
def test_any_text(text: str) -> None:
    """Whatever stands in the place of the details, the result is a mapping or a ManifestError."""
    with contextlib.suppress(ManifestError):
        assert isinstance(parse_manifest(with_details(text)), dict)


@pytest.mark.parametrize(
    ("details", "problem"),
    [
        ("{", "are not JSON"),
        ("[" * 100_000, "are not JSON"),
        ("9" * 5000, "are not JSON"),
        ("[]", "are not an object"),
        ('{"sdk": {}}', "repeat a field"),
        ('{"dags": []}', "repeat a field"),
        ('{"dags": {"other": {}}}', "do not fit its Dags"),
        ('{"dags": {"etl": []}}', "do not fit its Dags"),
        ('{"dags": {"etl": {"tasks": []}}}', "do not fit its Dags"),
        (f'{{"deep": {"[" * MAX_DEPTH}{"]" * MAX_DEPTH}}}', "nested deeper than 100 levels"),
        ('{"text": "\\ud800"}', "a lone surrogate"),
        ('{"text": {"\\ud800": 1}}', "a lone surrogate"),
    ],
)
def test_wrong_details(details: str, problem: str) -> None:
    """Details that dagfloe would not write are an error."""
    with pytest.raises(ManifestError, match=problem):
        parse_manifest(with_details(details))
