"""Knows whether a bundle file is what a build of its project would make now, without building it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.build.freeze.stage import list_staged
from dagfloe.build.inputs import digest_inputs
from dagfloe.build.launcher import find_launcher
from dagfloe.build.package_sizes import PackageSize
from dagfloe.build.python.interpreter import SUPPORTED
from dagfloe.build.python.virtualenv import cache_root

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagfloe.build.project import Project

#: How many builds are remembered.
_MOST = 100
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class BuiltBundle:
    """A bundle file that was built.

    Attributes:
        path: the file.
        size: its size in bytes.
        unpacked: the bytes of what is in it, once it is unpacked.
        manifest: its manifest.
        packages: what takes the space in it.
        first_start_s: how long its first start on a host took, here: until it had told its metadata, for which it
            imports what its tasks do.
        later_start_s: how long a later one took; the median of a few.
        seconds: how long the build took.
        is_new: whether it was built now, and not found to be up to date.
    """

    path: Path
    size: int
    unpacked: int
    manifest: dict[str, Any]
    packages: tuple[PackageSize, ...]
    first_start_s: float
    later_start_s: float
    seconds: float
    is_new: bool = True


class Build:
    """A build of a project to a file, as far as it is remembered in the cache.

    Args:
        project: the project.
        target: the bundle file.
        one_file: which of the two forms it has.
    """

    def __init__(self, project: Project, target: Path, *, one_file: bool) -> None:
        self._path = target
        self._target = target.absolute()
        self._note = cache_root() / "builds" / f"{hashlib.sha256(bytes(self._target)).hexdigest()[:32]}.json"
        pythons = (sys.executable, sys.version, *(shutil.which(f"python{version}") for version in SUPPORTED))
        decisive = (digest_inputs(project), _digest_tool(), pythons, one_file)
        self._inputs = hashlib.sha256(repr(decisive).encode()).hexdigest()

    def recall(self) -> BuiltBundle | None:
        """What was noted of the last build, if another one would make the same file; None if not, or nobody knows."""
        try:
            noted = json.loads(self._note.read_text("utf-8"))
            if noted["inputs"] != self._inputs or noted["files"] != _states(noted["files"]):
                return None
            facts = noted["facts"]
            packages = tuple(PackageSize(**each) for each in facts.pop("packages"))
            return (
                BuiltBundle(self._path, packages=packages, is_new=False, **facts)
                if self._is_intact(noted["target"])
                else None
            )
        except (OSError, ValueError, LookupError, TypeError):  # nothing is noted, or the note is damaged
            return None

    def note(self, files: Iterable[Path], built: BuiltBundle) -> None:
        """Remember a build that has just ended; where the cache cannot be written, nothing is remembered.

        Args:
            files: what was frozen, beside what the author wrote.
            built: what it made.
        """
        new = self._note.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            facts = {name: value for name, value in asdict(built).items() if name not in ("path", "is_new")}
            noted = {"inputs": self._inputs, "files": _states(map(str, files)), "facts": facts}
            target = {"state": _states([str(self._target)]), "sha256": _sha256(self._target)}
            new.parent.mkdir(parents=True, exist_ok=True)
            try:
                new.write_text(json.dumps({**noted, "target": target}), "utf-8")
                new.replace(self._note)
            finally:
                new.unlink(missing_ok=True)
            for old in sorted(new.parent.iterdir(), key=lambda path: -path.stat().st_mtime)[_MOST:]:
                old.unlink()

    def _is_intact(self, target: dict[str, Any]) -> bool:
        """Whether the bundle file is the one that was built; its time may be another one."""
        return bool(target["state"] == _states([str(self._target)]) or target["sha256"] == _sha256(self._target))


def _digest_tool() -> str:
    """The digest of what dagfloe puts into a bundle file, and of what builds it."""
    digest = hashlib.sha256(find_launcher() or b"")
    for path in (*list_staged(), *sorted(Path(__file__).parent.rglob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _states(paths: Iterable[str]) -> dict[str, list[int]]:
    """What tells that a file was changed, for each."""
    states = {}
    for path in paths:
        status = Path(path).stat()
        states[path] = [status.st_size, status.st_mtime_ns]
    return states


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
