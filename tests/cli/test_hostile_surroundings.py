"""Commands with files, arguments and surroundings that they cannot use: one message, no traceback and no hang."""

from __future__ import annotations

import os
import resource
import socket
import struct
import subprocess
from contextlib import closing
from typing import IO, TYPE_CHECKING

import pytest

from support.peer import DEADLINE_S, TOOL
from support.raw_bundle import write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

MANIFEST = """airflow_bundle_metadata_version: "1.0"
sdk: {language: go, version: v1, supervisor_schema_version: "2026-06-16"}
source: main.go
dags: {ingest: {tasks: [pull]}}
"""
#: The commands that read a file, and where its name goes.
FILE_COMMANDS = {
    "inspect": ["inspect", "FILE"],
    "inspect-json": ["inspect", "FILE", "--json"],
    "verify": ["verify", "FILE"],
    "verify-json": ["verify", "FILE", "--json"],
    "doctor": ["doctor", "FILE"],
    "stub": ["stub", "FILE"],
    "run": ["run", "FILE"],
    "warm": ["cache", "warm", "FILE"],
    "check": ["stub", "BUNDLE", "--check", "FILE"],
    "seed": ["run", "BUNDLE", "--seed", "FILE"],
    "db": ["run", "BUNDLE", "--db", "FILE"],
    "build": ["build", "FILE"],
    "new": ["new", "FILE"],
}
#: The commands that read a `pyproject.toml`.
PROJECT_COMMANDS = {name: [name, "FOLDER"] for name in ("build", "stub", "run")}
UNSAFE = set(map(chr, (*range(9), *range(11, 32), 127, *range(128, 160))))


def make_files(folder: Path) -> Iterator[Path]:
    """Make files of every kind that no command can read."""
    yield folder / "missing"
    yield folder / "missing" / "folder"
    (folder / "empty").touch()
    yield folder / "empty"
    (folder / "random").write_bytes(bytes(range(256)) * 100)
    yield folder / "random"
    (folder / "text").write_text("[" * 3000 + "\n")
    yield folder / "text"
    os.mkfifo(folder / "pipe")
    yield folder / "pipe"
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(os.path.relpath(folder / "socket"))
    yield folder / "socket"
    (folder / "loop").symlink_to("loop")
    yield folder / "loop"
    for device in ("zero", "full"):
        (folder / device).symlink_to(f"/dev/{device}")
        yield folder / device
    with (folder / "sparse").open("wb") as file:  # a trailer with regions of 4 GiB
        file.seek(1 << 40)
        file.write(struct.pack("<III32s12s8s", 2**32 - 1, 2**32 - 1, 1, bytes(32), bytes(12), b"AFBNDL01"))
    yield folder / "sparse"
    name = folder / "line\n\x1b[31mred"
    name.write_bytes(b"x" * 100)
    yield name
    undecodable = folder / os.fsdecode(b"\xff\xfe")
    undecodable.write_bytes(b"x" * 100)
    yield undecodable


def start(
    arguments: Sequence[str | Path],
    cwd: Path,
    env: Mapping[str, str] | None = None,
    *,
    stdout: int | IO[bytes] | None = subprocess.PIPE,
    stderr: int | None = subprocess.PIPE,
    preexec_fn: Callable[[], object] | None = None,
) -> subprocess.Popen[bytes]:
    """Start the tool with an own cache folder, and with no input."""
    return subprocess.Popen(
        [TOOL, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        preexec_fn=preexec_fn,  # noqa: PLW1509 - this process has no other threads
        cwd=cwd,
        env={**os.environ, "DAGFLOE_CACHE_DIR": str(cwd / "cache"), **(env or {})},
    )


def finish(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    """Wait for a command; return its status, and what it printed."""
    try:
        stdout, stderr = process.communicate(timeout=DEADLINE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        pytest.fail(f"{process.args!r} does not end")
    return process.returncode, (stdout or b"").decode(errors="surrogateescape"), (stderr or b"").decode()


def check_failure(process: subprocess.Popen[bytes], statuses: Sequence[int] = (1, 2)) -> str:
    """Check that a command fails with one message; return the message."""
    status, stdout, stderr = finish(process)
    assert status in statuses, (process.args, status, stdout, stderr)
    assert "Traceback" not in stderr, (process.args, stderr)
    assert "defect of dagfloe" not in stderr, (process.args, stderr)
    assert not UNSAFE & set(stderr + stdout), (process.args, stdout, stderr)
    usage, _, message = stderr.rpartition("Error: ")
    if not stdout:
        assert message, (process.args, stderr)
        assert usage.count("\n") in (0, 2, 3)
        assert message.count("\n") <= 1 + str(process.args).count("\\n")
        assert len(message) < 2000
    return message


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle file whose program ends at once."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    return write_bundle(folder / "ingest", "", MANIFEST)


@pytest.mark.parametrize("words", FILE_COMMANDS.values(), ids=FILE_COMMANDS)
def test_files(words: Sequence[str], tmp_path: Path, bundle: Path) -> None:
    """A file that a command cannot read gives a message, whatever kind of file it is."""
    folder = tmp_path / "files"
    folder.mkdir()
    processes = []
    for file in make_files(folder):
        if words[0] == "new" and file.name in ("missing", "folder"):
            continue
        if "--db" in words and (file.name in ("missing", "empty")):
            continue  # a new database
        if "--seed" in words and file.name == "empty":
            continue  # a seed without entries
        arguments = [{"FILE": file, "BUNDLE": bundle}.get(word, word) for word in words]
        processes.append(start(arguments, tmp_path))
    for process in processes:
        check_failure(process)
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"bundle", "files", "cache"}


@pytest.mark.parametrize("words", PROJECT_COMMANDS.values(), ids=PROJECT_COMMANDS)
def test_projects(words: Sequence[str], tmp_path: Path) -> None:
    """A `pyproject.toml` that cannot be read gives a message, whatever kind of file it is."""
    files = tmp_path / "files"
    files.mkdir()
    processes = []
    for number, file in enumerate(make_files(files)):
        folder = tmp_path / f"project{number}"
        folder.mkdir()
        (folder / "pyproject.toml").symlink_to(file)
        processes.append(start([folder if word == "FOLDER" else word for word in words], tmp_path))
    for process in processes:
        check_failure(process)


PROJECT = """[project]
name = "sales"
version = "1"
dependencies = []
{project}
[tool.dagfloe]
bundle = "tasks:bundle"
{tool}
"""
HOSTILE_SETTINGS = {
    "an absolute glob": ("", 'data = ["/etc/*:x"]'),
    "a zero byte in a glob": ("", r'data = ["a\u0000b:x"]'),
    "a glob of two stars": ("", 'data = ["**x:x"]'),
    "a long glob": ("", f'data = ["{"a" * 5000}:x"]'),
    "6,000 digits": ("", f"data = {'9' * 6000}"),
    "6,000 digits in the version": (f"requires-python = '>={'9' * 6000}'", ""),
    "6,000 digits in a requirement": (f"optional-dependencies = {{a = ['a>={'9' * 6000}']}}", f"x = {'9' * 6000}"),
    "deep nesting": ("", f"data = {'[' * 3000}{']' * 3000}"),
    "a date": ("", "airflow = 9999-12-31"),
    "infinity": ("", "airflow = inf"),
    "a zero byte in the cache folder": ("", r'cache-dir = "/a\u0000b"'),
    "control characters": ("", r'airflow = "\u001b[31m\r\n"'),
}


@pytest.mark.parametrize("kind", HOSTILE_SETTINGS)
def test_settings(kind: str, tmp_path: Path) -> None:
    """Settings that no project can have give a message that names the file."""
    project, tool = HOSTILE_SETTINGS[kind]
    (tmp_path / "tasks.py").write_text("")
    (tmp_path / "pyproject.toml").write_text(PROJECT.format(project=project, tool=tool))
    message = check_failure(start(["build", "."], tmp_path), (1,))
    assert "pyproject.toml" in message


PARAMS = {
    "x=18446744073709551616": "too large",
    "x=-9223372036854775809": "too large",
    f"x={'9' * 6000}": "too large",
    f"x={'[' * 3000}{']' * 3000}": "deep",
    "x=[" + "[" * 200 + "]" * 200 + "]": "deep",
    "x=NaN": "not finite",
    "x=[-Infinity]": "not finite",
    "x=1e999": "not finite",
    r'x="\ud800"': "surrogate",
    r'x={"\ud800": 1}': "surrogate",
    os.fsdecode(b"x=\xff"): "UTF-8",
    os.fsdecode(b"\xff=1"): "UTF-8",
}


@pytest.mark.parametrize("value", PARAMS)
def test_params(value: str, bundle: Path) -> None:
    """A param that no message can carry is a usage error."""
    message = check_failure(start(["run", bundle, "--param", value], bundle.parent), (2,))
    assert PARAMS[value] in message


@pytest.mark.parametrize("option", ["--var", "--conn", "--run-id", "--dag", "--task"])
def test_arguments_that_are_not_utf8(option: str, bundle: Path) -> None:
    """Arguments of a run must be UTF-8."""
    value = os.fsdecode(b"x=x://\xff" if option in ("--var", "--conn") else b"\xff")
    check_failure(start(["run", bundle, option, value], bundle.parent), (2,))
    check_failure(start(["stub", bundle, "--queue", value], bundle.parent), (2,))
    check_failure(start([value, value], bundle.parent), (2,))
    check_failure(start(["run", f"--{value}"], bundle.parent), (2,))


def commands(bundle: Path) -> dict[str, list[str | Path]]:
    """Commands that print something and succeed."""
    return {
        "version": ["--version"],
        "help": ["--help"],
        "inspect": ["inspect", bundle],
        "json": ["inspect", bundle, "--json"],
        "source": ["inspect", bundle, "--source"],
        "verify": ["verify", bundle],
        "stub": ["stub", bundle],
        "list": ["cache", "list"],
        "prune": ["cache", "prune"],
        "completion": ["completion", "bash"],
        "new": ["new", "sales"],
    }


def test_a_full_disk_as_output(bundle: Path) -> None:
    """If the output cannot be written, a command says so and fails."""
    processes = []
    for name, words in commands(bundle).items():
        if name != "source":  # it is empty
            (bundle.parent / name).mkdir()
            with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
                processes.append(start(words, bundle.parent / name, stdout=full))
    for process in processes:
        assert "No space left on device" in check_failure(process, (1,))


def test_a_closed_output(bundle: Path) -> None:
    """If the output is closed, a command says so and fails. No file gets its descriptor."""
    processes = []
    for name, words in commands(bundle).items():
        if name != "source":
            (bundle.parent / name).mkdir()
            processes.append(start(words, bundle.parent / name, stdout=None, preexec_fn=lambda: os.close(1)))
    for process in processes:
        assert "Bad file descriptor" in check_failure(process, (1,))


def test_all_streams_closed(bundle: Path) -> None:
    """Without any stream, a command that prints nothing succeeds, and one that prints something fails."""

    def close() -> None:
        os.closerange(0, 3)

    quiet = start(["verify", bundle, "--quiet"], bundle.parent, stdout=None, stderr=None, preexec_fn=close)
    loud = start(["verify", bundle], bundle.parent, stdout=None, stderr=None, preexec_fn=close)
    assert finish(quiet)[0] == 0
    assert finish(loud)[0] == 1


def test_a_reader_that_ends(bundle: Path) -> None:
    """If the reader of the output ends early, a command prints no message."""
    for name, words in commands(bundle).items():
        if name == "source":
            continue
        (bundle.parent / name).mkdir()
        ours, theirs = os.pipe()
        os.close(ours)
        process = start(words, bundle.parent / name, stdout=theirs)
        os.close(theirs)
        status, _, stderr = finish(process)
        assert (status, stderr) == (1, ""), words


SURROUNDINGS: dict[str, Mapping[str, str]] = {
    "one column": {"COLUMNS": "1", "LINES": "1"},
    "no columns": {"COLUMNS": "0"},
    "many columns": {"COLUMNS": "99999999999999999999"},
    "a dumb terminal": {"TERM": "dumb"},
    "an unknown terminal": {"TERM": "\x1b", "FORCE_COLOR": "1"},
    "the locale C": {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "Latin 1": {"PYTHONIOENCODING": "latin-1"},
    "no temporary folder": {"TMPDIR": "/proc/none"},
}


@pytest.mark.parametrize("kind", SURROUNDINGS)
def test_surroundings(kind: str, bundle: Path) -> None:
    """A terminal, a locale or a folder of any kind breaks no command."""
    processes = []
    for name, words in commands(bundle).items():
        (bundle.parent / name).mkdir()
        processes.append(start(words, bundle.parent / name, SURROUNDINGS[kind]))
    for process in processes:
        status, _, stderr = finish(process)
        assert status == 0, (process.args, stderr)
        assert stderr == ""


def test_a_cache_folder_that_is_a_device(bundle: Path) -> None:
    """What needs the cache folder names it; other commands work without it."""
    env = {"DAGFLOE_CACHE_DIR": "/dev/null"}
    for words in (["cache", "list"], ["cache", "prune"]):
        assert "/dev/null/store: Not a directory" in check_failure(start(words, bundle.parent, env), (1,))
    assert finish(start(["verify", bundle], bundle.parent, env))[0] == 0


def test_a_name_that_cannot_be_printed(bundle: Path) -> None:
    """A file whose name is not UTF-8, or has control characters, can be checked. Its name is printed with escapes."""
    for name, shown in ((os.fsdecode(b"\xff"), r"\udcff"), ("a\n\x1b[31mb", r"\x1b[31m")):
        file = bundle.rename(bundle.with_name(name))
        for words in (["verify"], ["inspect"], ["verify", "--json"], ["inspect", "--json"]):
            status, stdout, stderr = finish(start([*words, file], bundle.parent))
            assert (status, stderr) == (0, ""), words
            assert shown in stdout or r"\u001b" in stdout
            assert "\x1b" not in stdout
        file.rename(bundle)


def test_a_folder_that_was_deleted(bundle: Path) -> None:
    """In a folder that was deleted, commands fail with a message or work."""
    gone = bundle.parent / "gone"
    gone.mkdir()

    def enter() -> None:
        os.chdir(gone)
        gone.rmdir()
        gone.mkdir()

    for words in (["run"], ["build"], ["stub"], ["new", "sales"], ["inspect", "x"], ["cache", "warm", "x"]):
        check_failure(start(words, bundle.parent, preexec_fn=enter))
    status, _, stderr = finish(start(["verify", bundle], bundle.parent, preexec_fn=enter))
    assert (status, stderr) == (0, "")


def limit_file_size() -> None:
    """Let no file grow beyond one kilobyte."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))


@pytest.mark.parametrize(
    "words", [["stub", "BUNDLE", "--output", "dag.py"], ["new", "sales"], ["run", "BUNDLE", "--report", "page.html"]]
)
def test_a_disk_that_is_full(words: Sequence[str], bundle: Path, tmp_path: Path) -> None:
    """If a result cannot be written, the command says so, and an older result stays as it was."""
    folder = tmp_path / "results"
    folder.mkdir()
    for name in ("dag.py", "page.html"):
        (folder / name).write_text("old")
    if words[0] == "stub":
        bundle = write_bundle(
            bundle.parent / "many", "", MANIFEST.replace("pull", ", ".join(f"t{n}" for n in range(99)))
        )
    arguments = [bundle if word == "BUNDLE" else word for word in words]
    # Coverage could not write its file either, and would print a traceback.
    env = {"COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}
    process = start(arguments, folder, preexec_fn=limit_file_size, env=env)
    assert "File too large" in check_failure(process, (1,))
    assert {path.name: path.read_text() for path in folder.iterdir() if path.is_file()} == {
        "dag.py": "old",
        "page.html": "old",
    }
    assert not (folder / "sales").exists()


def test_an_output_pipe_without_a_reader(bundle: Path) -> None:
    """A pipe that nobody reads cannot be written: a message, and no endless wait."""
    pipe = bundle.parent / "pipe"
    os.mkfifo(pipe)
    for words in (("stub", bundle, "--output", pipe), ("run", bundle, "--report", pipe)):
        check_failure(start(words, bundle.parent), (1,))


def test_a_defect(bundle: Path) -> None:
    """An error that no command expects gives one line; a variable shows the traceback."""
    site = bundle.parent / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import json\ndef fail(*a, **k): raise ZeroDivisionError('a\\nb \\x1b[31m')\njson.dumps = fail\n"
    )
    words = ("inspect", bundle, "--json")
    status, stdout, stderr = finish(start(words, bundle.parent, {"PYTHONPATH": str(site)}))
    assert (status, stdout) == (1, "")
    assert stderr.startswith(r"Error: unexpected ZeroDivisionError: a b \x1b[31m")
    assert stderr.count("\n") == 1
    assert "DAGFLOE_TRACEBACK=1" in stderr
    status, _, stderr = finish(start(words, bundle.parent, {"PYTHONPATH": str(site), "DAGFLOE_TRACEBACK": "1"}))
    assert status == 1
    assert "Traceback" in stderr
