"""Bundle files whose program is a shell script: they are built and started quickly."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zipfile
from typing import TYPE_CHECKING

from dagfloe.build.launcher import find_launcher
from dagfloe.format.payload import PLAIN, PROGRAM, Payload, ProgramFile
from dagfloe.format.trailer import Trailer
from support.peer import DEADLINE_S

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Prints its arguments and a file beside it.
SCRIPT = '#!/bin/sh\nhere=$(dirname "$0")\necho "started $*"\ncat "$here/lib/data.txt"\nexit ${EXIT:-0}\n'
CANNOT_RUN = 126


def payload(script: str = SCRIPT, data: bytes = b"some data\n", **options: str) -> Payload:
    """The payload of a small bundle."""
    files = (
        ProgramFile("tiny", PROGRAM, script.encode()),
        ProgramFile("lib/data.txt", PLAIN, data),
        ProgramFile("lib/deep/er/large.bin", PLAIN, b"0123456789" * 200_000),
        ProgramFile("lib/empty", PLAIN, b""),
    )
    return Payload("tiny", "tiny", files, **options)


def wanted_launcher() -> bytes:
    """The launcher of this installation, or of the wheel that `DAGFLOE_TEST_WHEEL` names."""
    wheel = os.environ.get("DAGFLOE_TEST_WHEEL")
    if wheel:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read("dagfloe/build/launcher/launcher")
    launcher = find_launcher()
    assert launcher is not None, "the launcher is not compiled: run `make build/launcher/launcher`"
    return launcher


def write_bundle(path: Path, content: Payload | None = None, launcher: bytes | None = None) -> Path:
    """Write a bundle file, with the compiled launcher unless another one is passed."""
    launcher = launcher or wanted_launcher()
    region = (content or payload()).pack(launcher)
    source, manifest = b"source\n", b"manifest: true\n"
    path.write_bytes(region + source + manifest + Trailer(7, 15, hashlib.sha256(region).digest()).pack())
    path.chmod(0o755)
    return path


def environment(**own: str | Path) -> dict[str, str]:
    """The environment of a start: these variables and PATH."""
    return {"PATH": os.environ["PATH"], **{name: str(value) for name, value in own.items()}}


def start(bundle: Path, *arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Start a bundle file and wait until it ends."""
    command = [str(bundle), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=env)


def entries(cache: Path) -> list[Path]:
    """The unpacked programs of a store."""
    return sorted(path for path in (cache / "store" / "entries").iterdir() if path.is_dir())


def leftovers(cache: Path) -> list[Path]:
    """The entries of a store that are only partly unpacked."""
    return sorted((cache / "store" / "partial").iterdir())


def snapshot(cache: Path) -> dict[str, tuple[int, ...]]:
    """The metadata of every file and folder of a store: a write would change some of it."""
    files: dict[str, tuple[int, ...]] = {}
    for path in [cache, *cache.rglob("*")]:
        status = path.lstat()
        files[str(path)] = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_mode)
    return files
