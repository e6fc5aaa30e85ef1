"""Builds projects twice, in ways as different as can be, and compares the files: `make reproducible`."""

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
    """Build a project; the bundle file."""
    command = [TOOL, "build", str(project), "--output", str(output)]
    subprocess.run(command, env={**os.environ, **env}, umask=umask, check=True, timeout=TIMEOUT_S, capture_output=True)
    (file,) = output.iterdir()
    return file


def differences(one: Path, other: Path, folder: Path) -> list[str]:
    """The paths of the files in two bundle files that differ."""
    programs = []
    for number, file in enumerate((one, other)):
        env = {**os.environ, "DAGFLOE_WARM": "1", "DAGFLOE_CACHE_DIR": str(folder / str(number))}
        answer = subprocess.run([file], env=env, check=True, timeout=TIMEOUT_S, capture_output=True, text=True)
        root = Path(answer.stdout.strip())
        programs.append(
            {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
        )
    first, second = programs
    return [path for path in sorted({*first, *second}) if first.get(path) != second.get(path)]


def check(project: Path) -> bool:
    """Build a project here and elsewhere; whether both files are the same."""
    with tempfile.TemporaryDirectory(prefix="dagfloe-one-") as one, tempfile.TemporaryDirectory() as name:
        here = build(project, Path(one), {"TZ": "UTC", "LC_ALL": "C"}, 0o022)
        # Elsewhere: the project's folder, the cache with a new environment, the temporary folder, and who may read.
        other = Path(name, "another", "place")
        copy = other / f"copy of {project.name}"
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns("__pycache__"))
        (other / "tmp").mkdir()
        for path in copy.rglob("*"):
            os.utime(path, (1, 1))
        env = {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "TMPDIR": str(other / "tmp")}
        env["DAGFLOE_CACHE_DIR"] = str(other / "cache")
        elsewhere = build(copy, other / "dist", env, 0o077)
        digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in (here, elsewhere)]
        apart_s = elsewhere.stat().st_mtime - here.stat().st_mtime
        sys.stdout.write(f"{project.name}: {digests[0]}, {here.stat().st_size:,} bytes\n")
        if digests[0] == digests[1]:
            sys.stdout.write(f"{project.name}: identical, built {apart_s:.0f} s later and elsewhere\n")
            return True
        sys.stdout.write(f"{project.name}: {digests[1]}, built elsewhere: NOT identical\n")
        for differing in differences(here, elsewhere, Path(name)):
            sys.stdout.write(f"  {differing} differs\n")
        return False


if __name__ == "__main__":
    checked = [check(Path(argument)) for argument in sys.argv[1:]]
    raise SystemExit(0 if all(checked) else 1)
