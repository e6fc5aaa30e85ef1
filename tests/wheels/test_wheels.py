"""The wheels contain a launcher, and need no C compiler."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from dagfloe.build.host.elf import Elf, read_elf

ROOT = Path(__file__).parents[2]
DEADLINE_S = 500
COMPILERS = re.compile(r"(.*-)?(cc|c\+\+|c[89]9|gcc|g\+\+|clang|clang\+\+|tcc|zig)(-[0-9.]+)?")


@pytest.fixture(scope="module")
def no_compiler(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a host without a C compiler."""
    folder = tmp_path_factory.mktemp("bin")
    for program in (path for place in ("/usr/bin", "/bin") for path in Path(place).iterdir()):
        if not COMPILERS.fullmatch(program.name) and not (folder / program.name).exists():
            (folder / program.name).symlink_to(program)
    assert not (folder / "cc").exists()
    return {**{name: value for name, value in os.environ.items() if name != "CC"}, "PATH": str(folder)}


def run(*command: str | Path, env: dict[str, str], cwd: Path | None = None) -> str:
    """Run a command; return its stdout."""
    process = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=env, cwd=cwd
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def make_environment(folder: Path, *distributions: Path) -> Path:
    """A virtual environment with distributions, and the dependencies of this Python's own. Returns its programs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=DEADLINE_S)
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--quiet", "--python", str(python), "install", "--no-deps", "--no-index"]
    subprocess.run([*install, *distributions], check=True, timeout=DEADLINE_S)
    (packages,) = folder.glob("lib/python3*/site-packages")
    (folder / "bin" / "uv").symlink_to(Path(sys.executable).with_name("uv"))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def test_what_is_built(distributions: Path) -> None:
    """There are two wheels, each for hosts with any C library, and an sdist."""
    names = sorted(path.name for path in distributions.iterdir())
    (version,) = {name.split("-")[1].removesuffix(".tar.gz") for name in names}
    assert names == [
        f"dagfloe-{version}-py3-none-manylinux_2_17_aarch64.musllinux_1_1_aarch64.whl",
        f"dagfloe-{version}-py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl",
        f"dagfloe-{version}.tar.gz",
    ]


def test_metadata(wheel: Path, architecture: str) -> None:
    """The wheel's own tags are those of its name, and pip installs it for this platform only."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/WHEEL")]
        metadata = archive.read(name).decode()
    tags = re.findall(r"(?m)^Tag: (.*)$", metadata)
    assert sorted(tags) == [f"py3-none-manylinux_2_17_{architecture}", f"py3-none-musllinux_1_1_{architecture}"]
    assert "Root-Is-Purelib: false" in metadata


def test_contents(distributions: Path, wheel: Path) -> None:
    """The wheel contains all modules of the sdist and the launcher, and no C source."""
    with zipfile.ZipFile(wheel) as archive:
        contents = {name for name in archive.namelist() if name.startswith("dagfloe/")}
    with tarfile.open(next(distributions.glob("*.tar.gz"))) as archive:
        names = (name.partition("/")[2] for name in archive.getnames())
        modules = {name.removeprefix("src/") for name in names if re.match(r"(src/dagfloe|build|cli|runtime)/", name)}
    modules = {name if name.startswith("dagfloe/") else f"dagfloe/{name}" for name in modules}
    assert contents - modules == {"dagfloe/build/launcher/launcher"}
    assert {Path(name).suffix for name in modules - contents} == {".c", ".h"}


def test_launcher(launcher: bytes, architecture: str) -> None:
    """The launcher is a static program at a random address. It contains no path of the build host."""
    assert read_elf(launcher) == Elf(architecture)
    assert launcher[16:18] == b"\3\0"  # of the type ET_DYN
    assert launcher.count(str(ROOT).encode()) == 0
    assert len(launcher) < 200_000


def test_building_twice_gives_equal_files(wheel: Path, architecture: str, tmp_path: Path) -> None:
    """The wheel depends on the sources and the cross compiler only."""
    python = ROOT / ".venvs" / "wheels" / "bin" / "python"
    env = {**os.environ, "DAGFLOE_WHEEL_FOR": architecture}
    run(python, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, env=env, cwd=ROOT)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_unknown_processor(tmp_path: Path) -> None:
    """A wheel for a processor without a launcher is an error that names the processors."""
    python = ROOT / ".venvs" / "wheels" / "bin" / "python"
    command = [str(python), "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    env = {**os.environ, "DAGFLOE_WHEEL_FOR": "vax"}
    process = subprocess.run(
        command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=env, cwd=ROOT
    )
    assert process.returncode != 0
    assert "the launcher cannot be made for 'vax': take one of x86_64, aarch64" in process.stderr


@pytest.mark.parametrize("architecture", [platform.machine()], indirect=True)
def test_wheel_without_a_compiler(wheel: Path, launcher: bytes, no_compiler: dict[str, str], tmp_path: Path) -> None:
    """On a host without a C compiler, the wheel builds bundle files with a launcher."""
    programs = make_environment(tmp_path / "environment", wheel)
    run(programs / "dagfloe", "build", ROOT / "bundles" / "hello", "--output", tmp_path, env=no_compiler)
    bundle = tmp_path / "hello"
    assert bundle.read_bytes().startswith(launcher)
    assert run(bundle, "--version", env=no_compiler).startswith("hello 0.1.0")
    doctor = run(programs / "dagfloe", "doctor", env={**no_compiler, "NO_COLOR": "1"})
    assert re.search(r"launcher +this installation has one", doctor)


def test_sdist_without_a_compiler(distributions: Path, no_compiler: dict[str, str], tmp_path: Path) -> None:
    """On a host without a C compiler, the sdist installs without a launcher, and for any platform."""
    with tarfile.open(next(distributions.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.glob("dagfloe-*")
    env = {name: value for name, value in no_compiler.items() if name != "DAGFLOE_LAUNCHER_STRICT"}
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, env=env, cwd=source)
    (built,) = tmp_path.glob("*.whl")
    assert built.name.endswith("-py3-none-any.whl")
    programs = make_environment(tmp_path / "environment", built)
    doctor = subprocess.run(
        [programs / "dagfloe", "doctor"], capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=env
    )
    assert "bundle files unpack themselves at every start" in doctor.stdout
