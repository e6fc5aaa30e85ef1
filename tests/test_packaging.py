"""A wheel, an editable install and a wheel from the sdist contain the same modules."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEADLINE_S = 300


def build(root: Path, form: str, output: Path) -> Path:
    """Build a wheel or an sdist with hatchling, as pip does."""
    code = f"import sys; from hatchling import build; print(build.build_{form}(sys.argv[1]))"
    output.mkdir()
    process = subprocess.run(
        [sys.executable, "-c", code, str(output)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    return output / process.stdout.splitlines()[-1]


def files_in(wheel: Path) -> set[str]:
    """The files of the package in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if name.startswith("dagfloe/")}


def editable_files() -> set[str]:
    """The files of the package in the source tree, as in an editable install."""
    root = ROOT / "src"
    package = root / "dagfloe"
    linked = [package / name for name in ("build", "cli", "runtime")]
    paths = {path for folder in (package, *linked) for path in folder.rglob("*") if path.is_file()}
    return {str(path.relative_to(root)) for path in paths if "__pycache__" not in path.parts}


@pytest.mark.timeout(DEADLINE_S)
def test_wheel_sdist_and_editable_install_contain_the_same_modules(tmp_path: Path) -> None:
    """The two wheels and the source tree contain the same files, except for the launcher's C sources."""
    wheel = files_in(build(ROOT, "wheel", tmp_path / "wheel"))
    sdist = build(ROOT, "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    wheel_of_sdist = files_in(build(source, "wheel", tmp_path / "wheel_of_sdist"))
    assert wheel_of_sdist == wheel
    sources = {name for name in editable_files() if name.endswith((".c", ".h"))}
    assert editable_files() - sources == wheel
