"""Decides whether a bundle file is up to date: whether a build of its project would make the same file again."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lz4

import dagfloe
from dagfloe.build.cache_root import cache_root
from dagfloe.build.freeze.stage import list_staged
from dagfloe.build.inputs import ProjectInputs
from dagfloe.build.launcher import find_launcher
from dagfloe.build.package_sizes import PackageSize
from dagfloe.build.python.interpreter import list_candidates, read_choice
from dagfloe.build.python.local_sources import digest_source
from dagfloe.build.python.lock_file import find_lock_file
from dagfloe.build.sbom.inventory import Inventory
from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.digests import sha256_of
from dagfloe.format.payload import has_payload
from dagfloe.format.regular_file import open_regular, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagfloe.build.project import Project

#: The packages that decide on the content of a bundle file, in addition to what is frozen.
_BUILDING = ("build", "compat", "format", "native")
#: How many records the cache holds.
_MAX_RECORDS = 100


@dataclass(frozen=True, slots=True)
class BuiltBundle:
    """A bundle file that was built.

    Attributes:
        path: the file.
        size: its size in bytes.
        unpacked: the size of everything in it once it is unpacked, in bytes.
        manifest: its manifest.
        packages: the packages in it and their sizes.
        declared: what it contains only because a distribution is declared or required, and nothing imports it; the
            sizes by distribution.
        inventory: the distributions and libraries in it; None unless the project wants a list of them.
        first_start_s: the seconds that its first start took. The start prints the bundle's metadata, for which it
            imports everything that the tasks import.
        later_start_s: the seconds that a later start took; the median of a few.
        seconds: the seconds that the build took.
        is_new: whether it was built now; otherwise it was up to date.
        warnings: what works on the machine of the build and may not on a worker.
    """

    path: Path
    size: int
    unpacked: int
    manifest: dict[str, Any]
    packages: tuple[PackageSize, ...]
    declared: tuple[PackageSize, ...]
    inventory: Inventory | None
    first_start_s: float
    later_start_s: float
    seconds: float
    is_new: bool = True
    warnings: tuple[str, ...] = ()


class BuildPlan:
    """A build that may be necessary: a project, the file to make of it, and everything that decides on its content.

    The plan reads the project's files once. `find_built` compares them with the record of the last build to the same
    file; a build takes the plan and calls `record` at its end.

    Args:
        project: the project.
        output: the folder for the bundle file.
        one_file: whether the bundle file unpacks itself at every start, instead of once on a host.
        upgrade: whether the build looks for newer versions of the dependencies.
        lock: whether the build writes the versions to a lock file of the project.

    Attributes:
        project: the project.
        inputs: its files.
        target: the bundle file.
        one_file: as above.
        upgrade: as above.
        lock: as above.
    """

    def __init__(
        self, project: Project, output: Path, *, one_file: bool, upgrade: bool = False, lock: bool = False
    ) -> None:
        self.project = project
        self.target = output / project.file_name
        self.inputs = ProjectInputs(project, self.target)
        self.one_file = one_file
        self.upgrade = upgrade
        self.lock = lock
        target_digest = hashlib.sha256(bytes(self.target.absolute())).hexdigest()
        self._record = cache_root() / "builds" / f"{target_digest[:32]}.json"
        pythons = (sys.executable, sys.version, *list_candidates(), read_choice(project))
        lock_file = find_lock_file(project)
        self._tool = _digest_tool()
        decisive = (self.inputs.digest, self._tool, pythons, lock_file and lock_file.digest, one_file)
        self._digest = hashlib.sha256(repr(decisive).encode()).hexdigest()

    def find_built(self) -> BuiltBundle | None:
        """The result of the last build, else None: if the file is not up to date, or a list is wanted and unknown."""
        if self.upgrade or self.lock:
            return None
        try:
            record = json.loads(read_text(self._record))
            if record["inputs"] != self._digest or record["files"] != _file_states(record["files"]):
                return None
            if any(digest_source(Path(path)) != digest for path, digest in record["sources"].items()):
                return None
            if not self._is_intact(record["target"]):
                return None
            facts = record["facts"]
            packages = tuple(PackageSize(**size) for size in facts.pop("packages"))
            declared = tuple(PackageSize(**size) for size in facts.pop("declared"))
            inventory = facts.pop("inventory")
            if inventory is None and self.project.sbom:
                return None
            warnings = tuple(facts.pop("warnings"))
            return BuiltBundle(
                self.target,
                packages=packages,
                declared=declared,
                inventory=inventory and Inventory.from_record(inventory),
                warnings=warnings,
                is_new=False,
                **facts,
            )
        except Exception:  # noqa: BLE001 - there is no record, or it is damaged in any way
            return None

    def read_earlier(self) -> bytes:
        """The executable region of the bundle file that the last build made.

        Returns:
            The region; empty if the file is gone or has changed, or another dagfloe made it.
        """
        try:
            record = json.loads(read_text(self._record))
            with open_regular(self.target) as file:
                content = file.read()
            if record["tool"] != self._tool or record["target"]["sha256"] != hashlib.sha256(content).hexdigest():
                return b""
            region = content[: read_bundle(self.target).binary_len]
        except Exception:  # noqa: BLE001 - the record or the file is missing or damaged
            return b""
        return region if has_payload(region) else b""

    def record(self, files: Iterable[Path], sources: Mapping[str, str], built: BuiltBundle) -> None:
        """Record a build that has just ended. If the cache cannot be written, the next build starts over.

        Args:
            files: the files that were frozen, without those of the project.
            sources: the digests of the local folders and files that distributions come from, by path.
            built: the result.
        """
        temporary = self._record.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            facts = {name: value for name, value in asdict(built).items() if name not in ("path", "is_new")}
            record = {
                "inputs": self._digest,
                "tool": self._tool,
                "files": _file_states(map(str, files)),
                "sources": dict(sources),
                "facts": facts,
                "target": {"state": self._target_state(), "sha256": sha256_of(self.target).hex()},
            }
            temporary.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_text(json.dumps(record), "utf-8")
                temporary.replace(self._record)
            finally:
                temporary.unlink(missing_ok=True)
            records = sorted(temporary.parent.iterdir(), key=lambda path: -path.stat().st_mtime)
            for path in records[_MAX_RECORDS:]:
                path.unlink()

    def _target_state(self) -> dict[str, list[int]]:
        return _file_states([str(self.target.absolute())])

    def _is_intact(self, target: dict[str, Any]) -> bool:
        """Whether the bundle file is the one that was built; its modification time may differ."""
        return bool(target["state"] == self._target_state() or target["sha256"] == sha256_of(self.target).hex())


def _digest_tool() -> str:
    """The digest of everything of dagfloe's own that goes into a bundle file or builds it, and of what compresses."""
    digest = hashlib.sha256((find_launcher() or b"") + lz4.library_version_string().encode())
    package = Path(dagfloe.__file__).parent
    folders = (package / folder for folder in _BUILDING)
    for path in (*list_staged(), *(path for folder in folders for path in sorted(folder.rglob("*.py")))):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _file_states(paths: Iterable[str]) -> dict[str, list[int]]:
    """Size and modification time by path; a changed file has another state."""
    states = {}
    for path in paths:
        status = Path(path).stat()
        states[path] = [status.st_size, status.st_mtime_ns]
    return states
