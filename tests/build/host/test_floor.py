"""The oldest host that runs a frozen program."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.build.host.floor import Floor, describe_cause, describe_floor, find_floor
from dagfloe.format.errors import ElfError, ManifestError
from dagfloe.format.manifest import validate_manifest
from support.elf_files import GLIBC, MUSL, elf

BARE = {
    "airflow_bundle_metadata_version": "1.0",
    "sdk": {"language": "python", "name": "dagfloe", "version": "1", "supervisor_schema_version": "2026-06-16"},
    "source": "tasks.py",
    "dags": {"etl": {"tasks": ["extract"]}},
}


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
    assert find_floor("etl", files) == Floor("linux", "x86_64", "glibc", "2.2.5", GLIBC, "etl", "GLIBC_2.2.5")


def test_version_without_a_number() -> None:
    """A file with packed relocations needs glibc 2.36."""
    floor = find_floor("etl", [("etl", elf("GLIBC_2.34", "GLIBC_ABI_DT_RELR", loader=GLIBC))])
    assert floor is not None
    assert (floor.libc_version, floor.symbol_version) == ("2.36", "GLIBC_ABI_DT_RELR")
    assert describe_cause(floor.to_manifest()) == "etl needs GLIBC_ABI_DT_RELR"


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
