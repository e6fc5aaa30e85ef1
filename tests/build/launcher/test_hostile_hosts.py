"""The launcher starts the program, or says why not, whatever it inherits and whatever is in its store."""

from __future__ import annotations

import os
import re
import resource
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from support.launcher import CANNOT_RUN, entries, environment, payload, start, wanted_launcher, write_bundle
from support.peer import DEADLINE_S
from support.sanitized_launcher import OPTIONS, compile_launcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EXPECTED = "started one\nsome data\n"


@pytest.fixture(scope="module", params=["as it is", "with sanitizers"])
def launcher(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The launcher, and the launcher compiled with sanitizers."""
    if request.param == "as it is":
        return wanted_launcher()
    return compile_launcher(tmp_path_factory.mktemp("sanitized") / "launcher").read_bytes()


def run(bundle: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Start a bundle in a prepared process."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    env = {**options.pop("env"), **OPTIONS}
    return subprocess.run([bundle, "one"], text=True, timeout=DEADLINE_S, check=False, env=env, **{**pipes, **options})


# What is in the store


def make_socket(path: Path) -> None:
    """Create a socket; its path may be longer than a socket's can be."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as own:
            own.bind(f"/proc/self/fd/{folder}/{path.name}"[-100:])
    finally:
        os.close(folder)


KINDS: dict[str, Callable[[Path], object]] = {
    "FIFO": os.mkfifo,
    "folder": lambda path: (path / "inner").mkdir(parents=True),
    "socket": make_socket,
    "link": lambda path: path.symlink_to("/etc/passwd"),
    "broken link": lambda path: path.symlink_to("/nowhere"),
    "file": lambda path: path.write_text("x"),
}


def replace(path: Path, kind: str) -> None:
    """Put something else in the place of a file or folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    KINDS[kind](path)


@pytest.mark.parametrize("kind", ["FIFO", "folder", "socket", "link"])
@pytest.mark.parametrize("suffix", ["use", "unpack"])
def test_lock_file_of_another_kind(launcher: bytes, tmp_path: Path, suffix: str, kind: str) -> None:
    """If something else is in a lock file's place, the launcher says so and uses the next folder."""
    bundle = write_bundle(tmp_path / "tiny", launcher=launcher)
    env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", TMPDIR=tmp_path)
    assert run(bundle, env=env).returncode == 0
    (entry,) = entries(tmp_path / "cache")
    (entry / "lib" / "data.txt").unlink()  # so that the entry has to be locked for unpacking
    replace(entry.with_name(f"{entry.name}.{suffix}"), kind)
    answer = run(bundle, env=env)
    assert (answer.returncode, answer.stdout) == (0, EXPECTED)
    assert "is not used: its lock file cannot be opened: " in answer.stderr
    if kind == "FIFO":
        assert answer.stderr.endswith("it is not a regular file\n")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["tiny", "lib/data.txt", "lib", "lib/deep/er", "", "object"])
def test_part_of_an_entry_of_another_kind(launcher: bytes, tmp_path: Path, part: str, kind: str) -> None:
    """If something else is in the place of a part of an entry, the launcher repairs the entry."""
    bundle = write_bundle(tmp_path / "tiny", launcher=launcher)
    env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", TMPDIR=tmp_path)
    assert run(bundle, env=env).returncode == 0
    (entry,) = entries(tmp_path / "cache")
    if part == "object":
        for stored in (tmp_path / "cache" / "store" / "objects").iterdir():
            replace(stored, kind)
        (entry / "tiny").unlink()
    else:
        replace(entry / part, kind)
    answer = run(bundle, env=env)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, EXPECTED, "")


@pytest.mark.parametrize("part", ["", "store", "store/entries", "store/objects", "store/partial"])
@pytest.mark.parametrize("kind", ["FIFO", "link", "file"])
def test_folder_of_the_store_of_another_kind(launcher: bytes, tmp_path: Path, part: str, kind: str) -> None:
    """If something else is in the place of a folder of the store, the launcher uses the next folder."""
    bundle = write_bundle(tmp_path / "tiny", launcher=launcher)
    env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", TMPDIR=tmp_path)
    assert run(bundle, env=env).returncode == 0
    replace(tmp_path / "cache" / part, kind)
    answer = run(bundle, env=env)
    assert (answer.returncode, answer.stdout) == (0, EXPECTED)
    assert "is not used: " in answer.stderr


@pytest.mark.parametrize(
    ("name", "is_used"),
    [
        (b"\xc3\xa9", True),
        (b"\xf0\x9f\x92\xbe", True),
        (b"\xff", False),
        (b"\xc3", False),
        (b"\xc0\xaf", False),
        (b"\xe0\x80\xaf", False),
        (b"\xed\xa0\x80", False),
        (b"\xf4\x90\x80\x80", False),
        (b"\xe2\x82", False),
    ],
)
def test_cache_folder_that_is_not_utf8(launcher: bytes, tmp_path: Path, name: bytes, *, is_used: bool) -> None:
    """Python cannot start from a path that is not UTF-8, so the launcher uses the next folder and says why."""
    bundle = write_bundle(tmp_path / "tiny", launcher=launcher)
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
    answer = run(bundle, env=environment(DAGFLOE_CACHE_DIR=folder, TMPDIR=tmp_path), errors="surrogateescape")
    assert (answer.returncode, answer.stdout) == (0, EXPECTED)
    assert ("is not used: its path is not valid UTF-8" in answer.stderr) is not is_used


# What the launcher inherits


def limit(what: int, soft: int) -> Callable[[], None]:
    """Set a limit of a new process."""
    return lambda: resource.setrlimit(what, (soft, soft))


def test_limit_on_the_size_of_files(launcher: bytes, tmp_path: Path) -> None:
    """A file that may not be written is a reason, and no signal ends the launcher. A warm start writes nothing."""
    env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", TMPDIR=tmp_path)
    data = os.urandom(8192)  # no other store on this host has it
    bundle = write_bundle(tmp_path / "tiny", payload("#!/bin/sh\necho started\n", data), launcher)
    limited = {"env": env, "preexec_fn": limit(resource.RLIMIT_FSIZE, 4096)}
    answer = run(bundle, **limited)
    assert (answer.returncode, answer.stdout) == (CANNOT_RUN, "")
    assert "cannot write lib/data.txt: File too large" in answer.stderr
    assert run(bundle, env=env).returncode == 0
    answer = run(bundle, **limited)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "started\n", "")


def test_limit_on_memory(tmp_path: Path) -> None:
    """If the file cannot be mapped into memory, the launcher says so, and does not call the file damaged."""
    bundle = write_bundle(tmp_path / "tiny", payload(data=os.urandom(64 << 20)))
    for megabytes in (8, 16, 32):
        env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache")
        answer = subprocess.run(
            ["sh", "-c", f"ulimit -v {megabytes << 10}; exec {bundle}"],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
            env=env,
        )
        assert answer.returncode == CANNOT_RUN
        reason = re.sub(r"\(.*\)", "(...)", answer.stderr)  # glibc and musl have other words for ENOMEM
        assert reason == (
            "bundle: the bundle file cannot be read into memory (...): raise the limit that `ulimit -v` shows\n"
        )


@pytest.mark.parametrize("count", range(3, 16))
def test_limit_on_open_files(tmp_path: Path, count: int) -> None:
    """With few descriptors, the program runs, or the launcher says what it could not open."""
    bundle = write_bundle(tmp_path / "tiny")
    env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", TMPDIR=tmp_path)
    answer = run(bundle, env=env, preexec_fn=limit(resource.RLIMIT_NOFILE, count))
    if answer.returncode != 0:
        assert answer.returncode in (CANNOT_RUN, 2)  # 2: the shell has no descriptor left for the script
        assert answer.stderr


STREAMS = f"""#!{sys.executable} -SE
import os
print(*(os.readlink(f"/proc/self/fd/{{number}}") for number in range(3)), file=open(os.environ["OUT"], "w"))
"""


@pytest.mark.parametrize("arguments", [("one",), ("--comm=a", "--logs=b")])
@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2)])
def test_closed_standard_streams(
    launcher: bytes, tmp_path: Path, closed: tuple[int, ...], arguments: tuple[str, ...]
) -> None:
    """Standard streams that are closed become /dev/null, so that no socket or file gets their numbers."""
    bundle = write_bundle(tmp_path / "tiny", payload(STREAMS), launcher)
    closing = " ".join(f"{number}<&-" for number in closed)
    env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", OUT=tmp_path / "out", **OPTIONS)
    subprocess.run(
        ["sh", "-c", f"exec {bundle} {' '.join(arguments)} {closing}"],
        stdin=subprocess.PIPE,
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
        env=env,
    )
    links = (tmp_path / "out").read_text().split()
    assert [number for number in range(3) if links[number] == "/dev/null"] == list(closed)


def test_closed_pipe_as_stderr(launcher: bytes, tmp_path: Path) -> None:
    """A line that nobody can read does not end the launcher."""
    bundle = write_bundle(tmp_path / "tiny", launcher=launcher)
    reader, writer = os.pipe()
    os.close(reader)
    env = environment(DAGFLOE_CACHE_DIR="/proc/nowhere", TMPDIR=tmp_path)
    answer = run(bundle, env=env, stderr=writer, restore_signals=True)
    os.close(writer)
    assert (answer.returncode, answer.stdout) == (0, EXPECTED)


LIBRARY_PATH = f"""#!{sys.executable} -SE
import os
print(os.environ.get("LD_LIBRARY_PATH"), os.environ.get("_DAGFLOE_LIBRARY_PATH"))
"""


def test_library_path(tmp_path: Path) -> None:
    """The program finds its own libraries first, and no other C library than the host's."""
    bundle = write_bundle(tmp_path / "tiny", payload(LIBRARY_PATH))
    planted, other = tmp_path / "planted", tmp_path / "other"
    planted.mkdir()
    other.mkdir()
    (planted / "libc.so.6").write_text("no library")
    (other / "libother.so.1").write_text("no library")
    path = f"{planted}:{other};/nowhere:/usr/lib/x86_64-linux-gnu"
    env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", LD_LIBRARY_PATH=path)
    answer = run(bundle, env=env)
    (entry,) = entries(tmp_path / "cache")
    assert answer.stdout == f"{entry}/_internal:{other}:/nowhere:/usr/lib/x86_64-linux-gnu {path}\n"
    for unset in ({}, {"LD_LIBRARY_PATH": ""}):
        env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", _DAGFLOE_LIBRARY_PATH="outer", **unset)
        assert run(bundle, env=env).stdout == f"{unset.get('LD_LIBRARY_PATH')} None\n"


@pytest.mark.parametrize("arguments", [["dagfloe-watch"], ["dagfloe-watch", "1"], ["dagfloe-watch", "1", "mark"]])
def test_watch_starts_no_program(launcher: bytes, tmp_path: Path, arguments: list[str]) -> None:
    """The watch never starts the program, even if it gets no process to watch, or the first one of a container."""
    bundle = write_bundle(tmp_path / "tiny", launcher=launcher)
    answer = subprocess.run(
        arguments,
        executable=bundle,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        env=environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", **OPTIONS),
    )
    assert (answer.stdout, answer.stderr) == ("", "")
    assert not (tmp_path / "cache").exists()


def test_bundle_through_a_link(launcher: bytes, tmp_path: Path) -> None:
    """A bundle file is found through a symbolic link, and from a descriptor."""
    bundle = write_bundle(tmp_path / "tiny", launcher=launcher)
    (tmp_path / "link").symlink_to(bundle)
    env = environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", **OPTIONS)
    assert start(tmp_path / "link", "one", env=env).stdout == EXPECTED
