"""Reading and verifying bundle files of dagfloe and of other SDKs."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.format.bundle_file import read_bundle, verify_bundle
from dagfloe.format.errors import ManifestError, TrailerError
from dagfloe.format.manifest import parse_manifest, render_manifest, validate_manifest, with_digests
from dagfloe.format.trailer import SIZE, Trailer

if TYPE_CHECKING:
    from pathlib import Path

BINARY, SOURCE = b"\x7fELF and more" * 20, "print('ü')\n".encode()
GO: dict[str, Any] = {
    "airflow_bundle_metadata_version": "1.0",
    "sdk": {"language": "go", "version": "0.1.0", "supervisor_schema_version": "2026-06-16"},
    "source": "main.go",
    "dags": {"etl": {"tasks": ["extract", "load"]}},
}
OURS: dict[str, Any] = {
    **GO,
    "bundle": {"name": "etl", "version": "1.0", "platform": "linux-x86_64", "python": "3.11.7"},
    "sdk": {"language": "python", "name": "dagfloe", "version": "0.1.0", "supervisor_schema_version": "2026-06-16"},
    "source": "tasks.py",
}


def packed(metadata: dict[str, Any], *, seal: bool = True) -> bytes:
    """A bundle file's bytes."""
    digest = hashlib.sha256(BINARY).digest()
    manifest = render_manifest(with_digests(metadata, digest, SOURCE) if seal else metadata)
    return BINARY + SOURCE + manifest + Trailer(len(SOURCE), len(manifest), digest).pack()


def verify(path: Path, data: bytes) -> list[str]:
    """Verify these bytes as a file."""
    path.write_bytes(data)
    return verify_bundle(read_bundle(path))


def test_regions_are_found(tmp_path: Path) -> None:
    """The trailer leads to the source, the manifest and the length of the executable."""
    (tmp_path / "etl").write_bytes(packed(OURS))
    bundle = read_bundle(tmp_path / "etl")
    assert (bundle.binary_len, bundle.source) == (len(BINARY), SOURCE)
    assert {key: value for key, value in bundle.manifest.items() if key != "digests"} == OURS
    assert bundle.manifest["digests"]["integrity"] == hashlib.sha256(BINARY).hexdigest()


def test_intact_files_are_accepted(tmp_path: Path) -> None:
    """Files of dagfloe and of other SDKs are accepted, and the result lists what was checked."""
    assert "seal" in str(verify(tmp_path / "ours", packed(OURS)))
    assert "seal" not in str(verify(tmp_path / "go", packed(GO, seal=False)))
    assert verify(tmp_path / "go", packed(GO))


@pytest.mark.parametrize("change", [0x01, 0x80])
def test_any_changed_byte(tmp_path: Path, change: int) -> None:
    """A change of any single byte of a file of dagfloe is detected, whatever its region."""
    data = packed(OURS)
    path = tmp_path / "etl"
    for offset in range(len(data)):
        broken = bytearray(data)
        broken[offset] ^= change
        with pytest.raises((TrailerError, ManifestError)):
            verify(path, bytes(broken))


def with_sources(digest: str, **changes: Any) -> bytes:
    """A file that lists its source."""
    entry = {"path": "tasks.py", "offset": 0, "length": len(SOURCE), "sha256": digest}
    return packed({**OURS, "sources": [entry], "entrypoint_path": "tasks.py", **changes})


def test_sources(tmp_path: Path) -> None:
    """The list of sources is checked, even if the seal is right."""
    digest = hashlib.sha256(SOURCE).hexdigest()
    assert "sources: tasks.py" in verify(tmp_path / "ours", with_sources(digest))
    with pytest.raises(ManifestError, match=r"source file 'tasks\.py' is damaged") as caught:
        verify(tmp_path / "ours", with_sources("0" * 64))
    assert str(tmp_path / "ours") in str(caught.value)


def test_any_length(tmp_path: Path) -> None:
    """A file that is cut at any place, or has one more byte, is detected."""
    data = packed(OURS)
    for length in range(len(data)):
        with pytest.raises((TrailerError, ManifestError)):
            verify(tmp_path / "etl", data[:length])
    with pytest.raises(TrailerError):
        verify(tmp_path / "etl", data + b"\n")


def test_changed_executable_of_another_sdk(tmp_path: Path) -> None:
    """For a file of another SDK, the executable and the digest in the manifest are checked."""
    data = packed(GO, seal=False)
    with pytest.raises(TrailerError, match="executable is damaged"):
        verify(tmp_path / "go", b"X" + data[1:])
    inconsistent = packed({**GO, "digests": {"integrity": "0" * 64}}, seal=False)
    with pytest.raises(ManifestError, match="different digests"):
        verify(tmp_path / "go", inconsistent)


def test_unreadable_files(tmp_path: Path) -> None:
    """The error for a missing file, a folder or an executable without a trailer names the path."""
    (tmp_path / "plain").write_bytes(b"x" * 1000)
    for name, reason in (
        ("missing", "No such file"),
        ("", "directory"),
        ("plain", "AFBNDL01"),
        ("zero\0byte", "not a valid file name"),
    ):
        with pytest.raises(TrailerError, match=reason) as caught:
            read_bundle(tmp_path / name)
        assert str(tmp_path) in str(caught.value)


@given(st.binary(max_size=300))
def test_any_manifest(data: bytes) -> None:
    """Any bytes in the manifest region give a mapping or a ManifestError."""
    with contextlib.suppress(ManifestError):
        assert isinstance(parse_manifest(data), dict)


ids = st.from_regex(r"\A[\w.-]{1,20}\Z")


@given(st.dictionaries(ids, st.lists(ids, max_size=3), min_size=1, max_size=3), st.text(min_size=1, max_size=20))
def test_manifest_round_trip(dags: dict[str, list[str]], source: str) -> None:
    """Any ids and strings survive the YAML; equal manifests give equal bytes, whatever the order of their keys."""
    metadata = {**OURS, "source": source, "dags": {dag_id: {"tasks": tasks} for dag_id, tasks in dags.items()}}
    manifest = with_digests(metadata, bytes(32), SOURCE)
    validate_manifest(manifest)
    rendered = render_manifest(manifest)
    assert parse_manifest(rendered) == manifest
    assert render_manifest(dict(reversed(manifest.items()))) == rendered


def test_a_manifest_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest that could not be read is an error that says what to shorten."""
    monkeypatch.setattr("dagfloe.format.manifest.MAX_BYTES", 100)  # the real limit would take 10 s
    fitting = {"text": "x" * (100 - len("text: \n"))}
    assert len(render_manifest(fitting)) == 100
    with pytest.raises(ManifestError, match="has 101 bytes, and at most 100 are allowed: shorten documentation"):
        render_manifest({"text": fitting["text"] + "x"})


def test_cache_digest_covers_every_region() -> None:
    """The cache digest is equal for equal inputs, and differs if the executable, source or manifest differs."""
    inputs: list[tuple[dict[str, Any], bytes, bytes]] = [
        (OURS, bytes(32), SOURCE),
        ({**OURS, "source": "other.py"}, bytes(32), SOURCE),
        (OURS, bytes(31) + b"\1", SOURCE),
        (OURS, bytes(32), SOURCE + b"#"),
    ]
    digests = [with_digests(*arguments)["digests"]["cache"] for arguments in (*inputs, *inputs)]
    assert digests[:4] == digests[4:]
    assert len(set(digests)) == len(inputs)


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("dags", {}, "dags"),
        ("dags", {"d": {}}, "dags.d"),
        ("dags", {"d": {"tasks": [""]}}, "dags.d.tasks"),
        ("sdk", {"language": "Python", "version": "1", "supervisor_schema_version": "2026-06-16"}, "sdk.language"),
        ("sdk", {"language": "python", "version": "1", "supervisor_schema_version": "today"}, "sdk.supervisor"),
        ("source", "", "source"),
        ("airflow_bundle_metadata_version", 1.0, "airflow_bundle_metadata_version"),
    ],
)
def test_manifest_that_does_not_follow_the_schema(field: str, value: object, path: str) -> None:
    """Every rule of the published schema is checked, and the message names the field."""
    with pytest.raises(ManifestError, match=path):
        validate_manifest({**GO, field: value})


def test_trailer_size() -> None:
    """The regions of a packed file add up to its size."""
    assert len(packed(GO, seal=False)) == len(BINARY) + len(SOURCE) + len(render_manifest(GO)) + SIZE
