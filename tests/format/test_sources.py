"""The source files of native Dags: what dagfloe accepts, Airflow reads."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.format.errors import ManifestError
from dagfloe.format.manifest import validate_manifest
from dagfloe.format.sources import read_sources, source_path

FILES = {"shop/tasks.py": b"one\n", "shop/stock.py": "zwölf\n".encode(), "empty.py": b""}
REGION = b"".join(FILES.values())


def manifest(files: dict[str, bytes] = FILES, **changes: Any) -> dict[str, Any]:
    """The manifest of a file with these sources, one after the other."""
    sources, offset = [], 0
    for path, content in files.items():
        digest = hashlib.sha256(content).hexdigest()
        sources.append({"path": path, "offset": offset, "length": len(content), "sha256": digest})
        offset += len(content)
    return {
        "airflow_bundle_metadata_version": "1.0",
        "sdk": {"language": "go", "version": "1", "supervisor_schema_version": "2026-10-30"},
        "source": "tasks.py",
        "dags": {"stock": {"tasks": ["t"]}},
        "sources": sources,
        "dag_source_paths": {"stock": "shop/stock.py"},
        "entrypoint_path": "shop/tasks.py",
        **changes,
    }


def read(document: dict[str, Any]) -> dict[str, bytes]:
    """Read the sources as `verify_bundle` does."""
    validate_manifest(document)
    return read_sources(REGION, document)


def test_sources() -> None:
    """Each file is read. A Dag that the manifest does not map has the main module's source."""
    document = manifest()
    assert read(document) == FILES
    assert [source_path(document, dag_id) for dag_id in ("stock", "other")] == ["shop/stock.py", "shop/tasks.py"]


@pytest.mark.parametrize("value", [None, "missing"])
def test_no_sources(value: str | None) -> None:
    """A file without a list of sources has none, whatever else it names. A list needs no entry point."""
    document = manifest(sources=None)
    if value:
        del document["sources"]
    assert read(document) == {}
    assert source_path(document, "stock") is None
    document = manifest(entrypoint_path=None, dag_source_paths=None)
    assert read(document) == FILES
    assert source_path(document, "stock") is None


ENTRY: dict[str, Any] = manifest()["sources"][0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources": [ENTRY, ENTRY]}, "lists two source files with the path 'shop/tasks.py'"),
        ({"sources": [ENTRY | {"length": 100}]}, "is longer than the source region"),
        ({"sources": [ENTRY | {"offset": 100}]}, "is longer than the source region"),
        ({"sources": [ENTRY | {"offset": 1}]}, "is damaged: its digest is not the one"),
        ({"sources": [ENTRY | {"offset": 0.0}]}, "must be integers"),
        ({"sources": [ENTRY | {"offset": -1}]}, r"\$.sources\[0\].offset"),
        ({"sources": [ENTRY | {"length": True}]}, r"\$.sources\[0\].length"),
        ({"sources": [ENTRY | {"path": ""}]}, r"\$.sources\[0\].path"),
        ({"sources": [ENTRY | {"sha256": "A" * 64}]}, r"\$.sources\[0\].sha256"),
        ({"sources": [3]}, r"\$.sources\[0\]"),
        ({"sources": {}}, r"\$.sources"),
        ({"entrypoint_path": "other.py"}, "names the source file 'other.py', which it does not list"),
        ({"dag_source_paths": {"x": "other.py"}}, "names the source file 'other.py', which it does not list"),
        ({"dag_source_paths": ["shop/tasks.py"]}, r"\$.dag_source_paths"),
        ({"dag_source_paths": {"x": None}}, r"\$.dag_source_paths.x"),
    ],
)
def test_wrong_sources(changes: dict[str, Any], message: str) -> None:
    """What Airflow refuses is an error, which names the file or the field."""
    with pytest.raises(ManifestError, match=message):
        read(manifest(**changes))


def test_other_encodings() -> None:
    """Airflow shows only UTF-8."""
    document = manifest({"a.py": b"\xe4"}, dag_source_paths={}, entrypoint_path="a.py")
    with pytest.raises(ManifestError, match=r"'a\.py' is not UTF-8"):
        read_sources(b"\xe4", document)


@given(
    files=st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20).map(str.encode), max_size=4),
    data=st.data(),
)
def test_any_sources(files: dict[str, bytes], data: st.DataObject) -> None:
    """Any files are read. With a changed value, the list is refused, or the files are other parts of the region."""
    region = b"".join(files.values())
    document = manifest(files, dag_source_paths={}, entrypoint_path=next(iter(files), None))
    assert read_sources(region, document) == files
    for source in document["sources"]:
        source[data.draw(st.sampled_from(["offset", "length"]))] = data.draw(st.integers(0, 100))
    try:
        found = read_sources(region, document)
    except ManifestError:
        return
    for source in document["sources"]:
        content = region[source["offset"] :][: source["length"]]
        assert found[source["path"]] == content
        assert (len(content), hashlib.sha256(content).hexdigest()) == (source["length"], source["sha256"])
