"""Writes wheels from a few files, so that tests have distributions of every kind without a package index."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path


def write_wheel(
    folder: Path,
    name: str,
    files: Mapping[str, str | bytes],
    *,
    version: str = "1.0",
    requires: Iterable[str] = (),
    extras: Iterable[str] = (),
    fields: Iterable[str] = (),
    entry_points: str = "",
    executables: Collection[str] = (),
) -> Path:
    """Write a wheel.

    Args:
        folder: the folder for the file.
        name: the distribution's name.
        files: the contents by path.
        version: its version.
        requires: its requirements.
        extras: the names of its extras.
        fields: more lines of its metadata.
        entry_points: the content of `entry_points.txt`.
        executables: the paths of the files that can be executed.

    Returns:
        The wheel.
    """
    info = f"{name}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata += [f"Provides-Extra: {extra}" for extra in extras]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    metadata += fields
    contents = {
        **files,
        f"{info}/METADATA": "\n".join(metadata) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if entry_points:
        contents[f"{info}/entry_points.txt"] = entry_points
    record = []
    path = folder / f"{name}-{version}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as wheel:
        for file, content in contents.items():
            data = content.encode() if isinstance(content, str) else content
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{file},sha256={digest},{len(data)}")
            entry = zipfile.ZipInfo(file)
            entry.external_attr = (0o755 if file in executables else 0o644) << 16
            wheel.writestr(entry, data)
        wheel.writestr(f"{info}/RECORD", "\n".join((*record, f"{info}/RECORD,,")) + "\n")
    return path
