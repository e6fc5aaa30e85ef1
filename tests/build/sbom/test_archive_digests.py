"""The digests of wheels in locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagfloe.build.sbom.archive_digests import read_archive_digests

if TYPE_CHECKING:
    from pathlib import Path

LOCK = """
lock-version = "1.0"
[[packages]]
name = "Odd_Name"
version = "1.0"
wheels = [
    { url = "https://me:word@index/odd_name-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", hashes = { sha256 = "aa" } },
    { url = "https://index.example/odd%5Fname-1.0-py3-none-any.whl?token=word#part", hashes = { sha256 = "bb" } },
    { name = "odd_name-1.0-py2.py3-none-win32.whl", hashes = { sha256 = "cc" } },
    { path = "wheels/odd_name-1.0-cp312-cp312-linux_x86_64.whl", hashes = { sha512 = "dd" } },
    { path = "wheels/broken.whl", hashes = { sha256 = "ee" } },
]
[[packages]]
name = "ours"
directory = { path = "../ours" }
"""


def test_digests_by_tags(tmp_path: Path) -> None:
    """A wheel has the tags of its file's name; one that has no SHA-256 or no name of a wheel is left out."""
    lock = tmp_path / "pylock.toml"
    lock.write_text(LOCK)
    digests = read_archive_digests([lock])
    assert digests["odd-name==1.0"] == {
        frozenset({"cp311-cp311-manylinux_2_17_x86_64"}): "aa",
        frozenset({"py3-none-any"}): "bb",
        frozenset({"py2-none-win32", "py3-none-win32"}): "cc",
    }
    assert digests["ours==None"] == {}


def test_no_lock_no_digest() -> None:
    assert read_archive_digests([]) == {}
