"""Builds projects twice under very different conditions, and compares the files: `make reproducible`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from support.peer import TOOL

TIMEOUT_S = 1800


def build(project: Path, output: Path, env: dict[str, str], umask: int) -> Path:
    """Build a project, and return the bundle file."""
    command = [TOOL, "build", str(project), "--output", str(output)]
    subprocess.run(command, env={**os.environ, **env}, umask=umask, check=True, timeout=TIMEOUT_S, capture_output=True)
    (file,) = output.iterdir()
    return file


def differences(bundles: tuple[Path, Path], folder: Path) -> list[str]:
    """Return the paths of the files that differ in two bundle files, which unpack themselves below a folder."""
    programs = []
    for number, file in enumerate(bundles):
        env = {**os.environ, "DAGFLOE_WARM": "1", "DAGFLOE_CACHE_DIR": str(folder / str(number))}
        answer = subprocess.run([file], env=env, check=True, timeout=TIMEOUT_S, capture_output=True, text=True)
        root = Path(answer.stdout.strip())
        programs.append(
            {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
        )
    first, second = programs
    return [path for path in sorted({*first, *second}) if first.get(path) != second.get(path)]


def check(project: Path) -> bool:
    """Build a project here and elsewhere, and return whether both files are the same."""
    with tempfile.TemporaryDirectory(prefix="dagfloe-here-") as output, tempfile.TemporaryDirectory() as name:
        here = build(project, Path(output), {"TZ": "UTC", "LC_ALL": "C"}, 0o022)
        # Elsewhere: another folder of the project, cache, environment, temporary folder, time zone and umask.
        place = Path(name, "another", "place")
        copy = place / f"copy of {project.name}"
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns("__pycache__"))
        (place / "tmp").mkdir()
        for path in copy.rglob("*"):
            os.utime(path, (1, 1))
        env = {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "TMPDIR": str(place / "tmp")}
        env["DAGFLOE_CACHE_DIR"] = str(place / "cache")
        elsewhere = build(copy, place / "dist", env, 0o077)
        digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in (here, elsewhere)]
        apart_s = elsewhere.stat().st_mtime - here.stat().st_mtime
        sys.stdout.write(f"{project.name}: {digests[0]}, {here.stat().st_size:,} bytes\n")
        if digests[0] == digests[1]:
            sys.stdout.write(f"{project.name}: identical, built {apart_s:.0f} s later and elsewhere\n")
            return True
        sys.stdout.write(f"{project.name}: {digests[1]}, built elsewhere: NOT identical\n")
        for differing in differences((here, elsewhere), Path(name)):
            sys.stdout.write(f"  {differing} differs\n")
        return False


if __name__ == "__main__":
    checked = [check(Path(argument)) for argument in sys.argv[1:]]
    raise SystemExit(0 if all(checked) else 1)
