"""The oldest host that runs a frozen program."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.build.host.floor import Floor, describe_floor, find_floor
from dagfloe.format.errors import ElfError, ManifestError
from dagfloe.format.manifest import validate_manifest

GLIBC, MUSL = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"
BARE = {
    "airflow_bundle_metadata_version": "1.0",
    "sdk": {"language": "python", "name": "dagfloe", "version": "1", "supervisor_schema_version": "2026-06-16"},
    "source": "tasks.py",
    "dags": {"etl": {"tasks": ["extract"]}},
}


def elf(*versions: str, loader: str = "", machine: int = 62) -> bytes:
    """A small ELF file that needs these symbol versions. Its addresses are its offsets."""
    strings = b"\0" + b"".join(version.encode() + b"\0" for version in versions)
    starts = [1 + sum(len(version) + 1 for version in versions[:number]) for number in range(len(versions))]
    segments = 3 if loader else 2
    strings_at = 64 + 56 * segments
    list_at = strings_at + len(strings)
    parts = [
        struct.pack("<IHHII", 0, 0, 2, start, 16 * (number + 1 < len(starts))) for number, start in enumerate(starts)
    ]
    needs = struct.pack("<HHIII", 1, len(versions), 0, 16, 0) + b"".join(parts)
    dynamic_at = list_at + len(needs)
    dynamic = struct.pack("<qQqQqQqQ", 5, strings_at, 0x6FFFFFFE, list_at, 0x6FFFFFFF, 1, 0, 0)
    loader_at = dynamic_at + len(dynamic)
    size = loader_at + len(loader) + 1
    table = [(1, 0, size), (2, dynamic_at, len(dynamic))] + [(3, loader_at, len(loader) + 1)] * bool(loader)
    head = b"\x7fELF\2\1\1" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, segments, 0, 0, 0)
    rows = b"".join(struct.pack("<IIQQQQQQ", kind, 4, at, at, at, length, length, 1) for kind, at, length in table)
    return head + rows + strings + needs + dynamic + loader.encode() + b"\0"


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60)), min_size=1, max_size=8))
def test_newest_version_of_any_file_counts(needs: list[tuple[int, int]]) -> None:
    """Versions compare as numbers, and `set_by` names the file with the newest one."""
    files = {f"lib/{number}.so": elf(f"GLIBC_{major}.{minor}") for number, (major, minor) in enumerate(needs)}
    floor = find_floor("etl", [("etl", elf("GLIBC_1.0", loader=GLIBC)), *files.items()])
    assert floor is not None
    newest = max(needs)
    assert floor.libc_version == ".".join(map(str, newest))
    if newest > (1, 0):
        assert floor.set_by == f"lib/{needs.index(newest)}.so"


def test_other_versions_do_not_count() -> None:
    """Private symbols, other libraries and processors, damaged files and other files do not count."""
    files = [
        ("etl", elf("GLIBC_2.2.5", "GLIBC_PRIVATE", "GLIBCXX_3.4.30", "GLIBC_x", loader=GLIBC)),
        ("arm.so", elf("GLIBC_2.99", machine=183)),
        ("damaged.so", elf("GLIBC_2.99")[:150]),
        ("note.txt", b"GLIBC_2.99"),
    ]
    assert find_floor("etl", files) == Floor("linux", "x86_64", "glibc", "2.2.5", GLIBC, "etl")


def test_version_without_a_number() -> None:
    """A file with packed relocations needs glibc 2.36."""
    floor = find_floor("etl", [("etl", elf("GLIBC_2.34", "GLIBC_ABI_DT_RELR", loader=GLIBC))])
    assert floor is not None
    assert floor.libc_version == "2.36"


@pytest.mark.parametrize(
    ("program", "expected", "description"),
    [
        (elf("GLIBC_2.17", loader=GLIBC), ("glibc", "2.17"), "linux x86_64, glibc 2.17 or newer"),
        (elf(loader=GLIBC), ("glibc", ""), "linux x86_64, glibc"),
        (elf("GLIBC_2.17", loader=MUSL), ("musl", ""), "linux x86_64, musl"),
        (elf(), ("none", ""), "linux x86_64"),
        (elf(machine=183), ("none", ""), "linux aarch64"),
    ],
)
def test_kinds(program: bytes, expected: tuple[str, str], description: str) -> None:
    """The program's loader decides on the C library, and the floor follows the manifest's schema."""
    floor = find_floor("etl", [("etl", program)])
    assert floor is not None
    assert (floor.libc, floor.libc_version) == expected
    assert describe_floor(floor.to_manifest()) == description
    validate_manifest({**BARE, "floor": floor.to_manifest()})


def test_programs_without_a_floor() -> None:
    """A program that is not an ELF file has no floor; a damaged one gives an error."""
    assert find_floor("etl", [("etl", b"#!/bin/sh\n"), ("a.so", elf("GLIBC_2.17"))]) is None
    with pytest.raises(ElfError, match="the frozen program etl is damaged"):
        find_floor("etl", [("etl", elf(loader=GLIBC)[:100])])


@pytest.mark.parametrize(
    "floor", ["new", {}, {"os": "linux", "architecture": "x", "libc": "other"}, {"os": "linux", "libc_version": "2"}]
)
def test_only_ours_has_a_schema(floor: object) -> None:
    """A floor of dagfloe follows the schema; other SDKs may use the key for something else."""
    with pytest.raises(ManifestError, match="floor"):
        validate_manifest({**BARE, "floor": floor})
    validate_manifest({**BARE, "sdk": {**BARE["sdk"], "name": "other"}, "floor": floor})  # type: ignore[dict-item]
