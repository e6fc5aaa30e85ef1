"""A wheel, an editable install and a wheel made from the sdist hold the same modules."""

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
    """Let hatchling make a wheel or an sdist, as pip does."""
    code = f"import sys; from hatchling import build; print(build.build_{form}(sys.argv[1]))"
    output.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, str(output)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    return output / done.stdout.splitlines()[-1]


def files_in(wheel: Path) -> set[str]:
    """The files of the package in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if name.startswith("dagfloe/")}


def editable_files() -> set[str]:
    """The files of the package in the source tree, as an editable install finds them."""
    root = ROOT / "src"
    package = root / "dagfloe"
    linked = [package / name for name in ("build", "cli", "runtime")]
    found = {path for folder in (package, *linked) for path in folder.rglob("*") if path.is_file()}
    return {str(path.relative_to(root)) for path in found if "__pycache__" not in path.parts}


@pytest.mark.timeout(DEADLINE_S)
def test_wheel_sdist_and_editable_install_hold_the_same_modules(tmp_path: Path) -> None:
    """The two wheels and the source tree hold the same files; only the launcher's C sources stay out of the wheels."""
    wheel = files_in(build(ROOT, "wheel", tmp_path / "wheel"))
    sdist = build(ROOT, "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    again = files_in(build(source, "wheel", tmp_path / "again"))
    assert again == wheel
    sources = {name for name in editable_files() if name.endswith((".c", ".h"))}
    assert editable_files() - sources == wheel
