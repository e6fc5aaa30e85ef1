"""The digests of wheels, from the lock of an environment. The locks also have URLs, which stay there."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name, parse_wheel_filename

from dagfloe.format.regular_file import read_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def read_archive_digests(locks: Iterable[Path]) -> dict[str, dict[frozenset[str], str]]:
    """The SHA-256 digests of the wheels in locks, by `name==version` and by the tags of the wheel.

    Args:
        locks: files in the format of PEP 751.
    """
    digests: dict[str, dict[frozenset[str], str]] = {}
    for lock in locks:
        for package in tomllib.loads(read_text(lock)).get("packages", ()):
            wheels = dict(_list_wheels(package))
            digests.setdefault(f"{canonicalize_name(package['name'])}=={package.get('version')}", {}).update(wheels)
    return digests


def _list_wheels(package: dict[str, Any]) -> Iterator[tuple[frozenset[str], str]]:
    for wheel in package.get("wheels", ()):
        location = wheel.get("name") or unquote(urlsplit(wheel.get("url") or "").path) or wheel.get("path") or ""
        digest = wheel.get("hashes", {}).get("sha256")
        if digest:
            with suppress(ValueError):  # InvalidWheelFilename is one
                tags = parse_wheel_filename(location.rpartition("/")[2])[3]
                yield frozenset(map(str, tags)), digest
