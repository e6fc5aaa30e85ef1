"""Sizes of a bundle file by package."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.build.package_sizes import PackageSize, sizes_by_package
from dagfloe.format.contents import Part

PARTS = st.builds(
    Part, st.text(), st.integers(min_value=0, max_value=2**40), st.integers(min_value=0, max_value=2**40), st.booleans()
)


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("_internal/numpy/core/_multiarray.cpython-311-x86_64-linux-gnu.so", "numpy"),
        ("_internal/numpy.libs/libopenblas.so", "numpy"),
        ("_internal/numpy-1.26.4.dist-info/METADATA", "numpy"),
        ("_internal/_cffi_backend.cpython-311-x86_64-linux-gnu.so", "_cffi_backend"),
        ("_internal/_argon2.abi3.so", "_argon2"),
        ("_internal/libpython3.11.so.1.0", "Python"),
        ("_internal/base_library.zip", "Python"),
        ("_internal/python3.11/lib-dynload/_json.cpython-311-x86_64-linux-gnu.so", "Python"),
        ("_internal/libcrypto.so.3", "system libraries"),
        ("libssl.so.3", "system libraries"),
        ("_internal/texts/note.txt", "texts"),
    ],
)
def test_files(path: str, package: str) -> None:
    """A file counts for the package in its path."""
    assert sizes_by_package([Part(path, 2, 1)], "sales", ["tasks"]) == [PackageSize(package, 2, 1)]


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("pandas.core.frame", "pandas"),
        ("json.decoder", "Python"),
        ("pyimod02_importers", "dagfloe"),
        ("dagfloe.runtime.server", "dagfloe"),
        ("tasks", "sales"),
    ],
)
def test_modules(module: str, package: str) -> None:
    """A module counts for its package, and the author's own modules for the project."""
    assert sizes_by_package([Part(module, 2, 1, is_module=True)], "sales", ["tasks"]) == [PackageSize(package, 2, 1)]


@given(st.lists(PARTS))
def test_sums(parts: list[Part]) -> None:
    """Every part counts once, whatever its name, and the largest package comes first."""
    sizes = sizes_by_package(parts, "sales", ["tasks"])
    assert sum(package.size for package in sizes) == sum(part.size for part in parts)
    assert sum(package.packed for package in sizes) == sum(part.packed for part in parts)
    assert [package.packed for package in sizes] == sorted((package.packed for package in sizes), reverse=True)
    assert len({package.name for package in sizes}) == len(sizes)
