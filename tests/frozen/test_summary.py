"""The summary of `dagfloe build`, builds that are up to date, and interrupted builds."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.peer import DEADLINE_S, TOOL, until
from support.tool import start_tool

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[..., subprocess.CompletedProcess[str]]

TASKS = (
    "import iniconfig\nfrom dagfloe import Bundle\nbundle = Bundle()\ndag = bundle.dag('d')\n@dag.task\ndef t(): pass\n"
)
STEPS = ("environment", "freezing", "comparing", "packing", "measuring")


def write(folder: Path) -> Path:
    """Write a project."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "told"\nversion = "1.0"\ndependencies = ["iniconfig"]\n[tool.dagfloe]\nbundle = "t:bundle"\n'
    )
    (folder / "t.py").write_text(TASKS)
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project for all tests, because its first build is slow. A test that changes it restores it."""
    return write(tmp_path_factory.mktemp("projects") / "told")


def run_build(build: Build, project: Path, output: Path, *options: str) -> dict[str, Any]:
    """Run a build; return its JSON output, which is its only output."""
    answer = build(project, output, "--json", *options)
    assert (answer.returncode, answer.stderr) == (0, "")
    return dict(json.loads(answer.stdout))


def test_the_sizes_add_up(project: Path, tmp_path: Path, build: Build, form: str) -> None:
    """Every byte of the file belongs to a package, and the imported packages are listed."""
    summary = run_build(build, project, tmp_path, *(["--one-file"] if form == "one file" else []))
    file = Path(summary["file"])
    assert (summary["built"], summary["bytes"], summary["dags"]) == (True, file.stat().st_size, {"d": ["t"]})
    packages = {package["name"]: package for package in summary["packages"]}
    assert {"Python", "system libraries", "dagfloe", "iniconfig", "msgpack", "told"} <= set(packages)
    assert 0.98 < sum(package["packed"] for package in packages.values()) / summary["bytes"] <= 1
    assert summary["unpacked_bytes"] == sum(package["size"] for package in packages.values()) > summary["bytes"]
    assert summary["start"]["later_s"] > 0
    assert summary["start"]["first_s"] > 0


def test_up_to_date(project: Path, tmp_path: Path, build: Build) -> None:
    """If nothing changed, nothing is built and the summary is the same. The file's time does not matter."""
    output = tmp_path / "files"
    first = run_build(build, project, output)
    file = Path(first["file"])
    before = file.stat()
    assert run_build(build, project, output) == {**first, "built": False}
    assert file.stat() == before
    os.utime(file, (1, 1))
    assert run_build(build, project, output)["built"] is False
    assert "is up to date" in build(project, output).stdout
    assert run_build(build, project, output, "--force")["built"] is True


def test_any_change_is_built(project: Path, tmp_path: Path, build: Build) -> None:
    """A change of the code, of the form or of the bundle file leads to a build, and so does a missing file."""
    output = tmp_path / "files"
    bundle = Path(run_build(build, project, output)["file"])

    def damage() -> None:
        content = bundle.read_bytes()
        bundle.write_bytes(content[:-200] + b"x" + content[-199:])

    changes: dict[str, Callable[[], object]] = {
        "code": lambda: (project / "t.py").write_text(f"{TASKS}x = 1\n"),
        "old code": lambda: (project / "t.py").write_text(TASKS),
        "damage": damage,
        "no file": bundle.unlink,
    }
    for name, change in changes.items():
        change()
        assert run_build(build, project, output)["built"], name
        assert not run_build(build, project, output)["built"], name


def test_printed_summary(project: Path, tmp_path: Path, build: Build) -> None:
    """The steps go to stderr, one per line, the summary to stdout. --quiet prints neither."""
    answer = build(project, tmp_path)
    assert [line.split(" with")[0].split(" in ")[0].removesuffix(" ...") for line in answer.stderr.splitlines()] == [
        "environment",
        "freezing",
        "comparing the frozen program",
        "packing",
        "measuring its start",
    ]
    head, *rest = answer.stdout.splitlines()
    assert head.startswith(f"Built {tmp_path / 'told'} in ")
    assert [line.strip().split("  ")[0].split(" Python")[0] for line in rest[:3]] == [
        "Dags",
        "size",
        "largest",
    ]
    quiet = build(project, tmp_path, "--quiet", "--force")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    assert build(project, tmp_path, "--quiet", "--verbose").returncode == 2


def test_on_a_terminal(project: Path, tmp_path: Path) -> None:
    """On a terminal, a step is one animated line with PyInstaller's progress, and ends with its duration."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        [TOOL, "build", str(project), "--output", str(tmp_path)], stdout=theirs, stderr=theirs, env=env
    )
    os.close(theirs)
    output_bytes = b""
    try:
        while chunk := os.read(ours, 65536):
            output_bytes += chunk
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(DEADLINE_S) == 0
    text = output_bytes.decode()
    assert "✓" in text
    assert "Building " in text
    assert f"Built {tmp_path / 'told'} in " in text.replace("\x1b[0m", "").replace("\x1b[1m", "")


def interrupted(project: Path, folder: Path, number: int, wait: Callable[[subprocess.Popen[str]], object]) -> int:
    """Start a build, send a signal, and check that nothing is left; return the exit status."""
    output, temporary = folder / "files", folder / "tmp"
    temporary.mkdir()
    env = {**os.environ, "TMPDIR": str(temporary)}
    process = start_tool("build", str(project), "--output", str(output), env=env)
    wait(process)
    process.send_signal(number)
    process.send_signal(number)  # as if the key is pressed twice
    _, stderr = process.communicate(timeout=DEADLINE_S)
    assert "Traceback" not in stderr
    until(lambda: not _mentions(str(folder)), "the end of all processes")
    assert list(temporary.iterdir()) == []
    assert not output.exists() or {path.name for path in output.iterdir()} <= {"told"}
    return process.returncode


@pytest.mark.parametrize("step", STEPS)
def test_interrupted_at_a_step(step: str, project: Path, tmp_path: Path) -> None:
    """Ctrl-C ends a build at any step and leaves no file, no folder and no process."""

    def wait(process: subprocess.Popen[str]) -> None:
        assert process.stderr
        assert any(line.startswith(step) for line in process.stderr)

    assert interrupted(project, tmp_path, signal.SIGINT, wait) == 130
    assert (tmp_path / "files" / "told").exists() == (step == "measuring")


def test_interrupted_while_it_installs(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same is true while the environment is created. A later build does not use a half created one."""
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", str(tmp_path / "cache"))

    def wait(_: subprocess.Popen[str]) -> None:
        until(lambda: any((tmp_path / "cache" / "environments").glob("*/bin/python")), "an environment")

    assert interrupted(project, tmp_path, signal.SIGTERM, wait) == 143
    assert {path.suffix for path in (tmp_path / "cache" / "environments").iterdir()} == {".lock"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("step", ["packing", "measuring"])
def test_an_older_file_stays_whole(number: int, step: str, project: Path, tmp_path: Path) -> None:
    """A build that is stopped leaves the older file, or the new one, under its name."""
    older = tmp_path / "files" / "told"
    older.parent.mkdir()
    older.write_text("older")

    def wait(process: subprocess.Popen[str]) -> None:
        assert process.stderr
        assert any(line.startswith(step) for line in process.stderr)

    assert interrupted(project, tmp_path, number, wait) == 128 + number
    assert (older.read_bytes() == b"older") == (step == "packing")


@pytest.mark.parametrize("tenths", range(1, 25, 4))
def test_interrupted_at_any_time(tenths: int, project: Path, tmp_path: Path) -> None:
    """The same is true at any time. A build that ends before the signal succeeds."""
    status = interrupted(project, tmp_path, signal.SIGINT, lambda _: time.sleep(tenths / 10))
    assert status in (0, 130, -signal.SIGINT)


def _mentions(text: str) -> bool:
    """Whether the command line or the environment of a running process contains a string."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            process = (path / "cmdline").read_bytes() + (path / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in process and int(path.name) != os.getpid():
            return True
    return False
