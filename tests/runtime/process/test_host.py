"""Adapting a frozen program to its host."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dagfloe.runtime.process import host
from support.peer import DEADLINE_S

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH"]


@pytest.fixture
def frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make this process look like a frozen one-file program."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    return str(tmp_path)


def test_unpacked_folder(frozen: str) -> None:
    """A one-file program knows the folder into which it was unpacked."""
    assert host.unpacked_folder() == frozen


def test_program_in_a_folder_was_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that the launcher starts has no unpacked folder to delete, and no parent to watch."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "tiny"))
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "_internal"), raising=False)
    assert host.unpacked_folder() is None
    assert host.open_parent() is None


def test_launcher_files_are_not_inherited() -> None:
    """Programs that the task starts inherit nothing that the launcher passes."""
    lock, launcher = os.pipe()
    for descriptor in (lock, launcher):
        os.set_inheritable(descriptor, True)
    environment = {"_DAGFLOE_FILES": f"{lock},{launcher}", "PATH": "/bin"}
    assert host.receive_launcher(environment) == launcher
    assert environment == {"PATH": "/bin"}
    for descriptor in (lock, launcher):
        assert not os.get_inheritable(descriptor)
        os.close(descriptor)


@pytest.mark.parametrize("value", ["", "x", "1", "-1,2", "1,2,3", "1,x", "1,²"])
def test_malformed_launcher_files_are_ignored(value: str) -> None:
    """Malformed values of the launcher's variable are ignored."""
    environment = {"_DAGFLOE_FILES": value}
    assert host.receive_launcher(environment) is None
    assert environment == {}


def test_unfrozen_program_has_no_folder() -> None:
    """An ordinary Python has no unpacked folder, and no parent to watch."""
    assert host.unpacked_folder() is None
    assert host.open_parent() is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("frozen")
def test_library_path_is_the_hosts(name: str) -> None:
    """Children of a frozen program get the host's library path, or none if the host has none."""
    environment = {name: "/unpacked", f"{name}_ORIG": "/host/lib", "PATH": "/bin"}
    host.restore_library_path(environment)
    assert environment == {name: "/host/lib", "PATH": "/bin"}
    environment = {name: "/unpacked", "PATH": "/bin"}
    host.restore_library_path(environment)
    assert environment == {"PATH": "/bin"}


@pytest.mark.parametrize("name", NAMES)
def test_library_path_of_an_unfrozen_program_stays(name: str) -> None:
    """The library path of an ordinary Python is not changed."""
    environment = {name: "/host/lib"}
    host.restore_library_path(environment)
    assert environment == {name: "/host/lib"}


@pytest.fixture
def roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Places of TLS roots on this host; the first one does not exist."""
    (tmp_path / "second.pem").touch()
    (tmp_path / "third.pem").touch()
    places = [str(tmp_path / name) for name in ("first.pem", "second.pem", "third.pem")]
    monkeypatch.setattr(host, "_TLS_ROOTS", tuple(places))
    return places


def test_tls_roots(roots: list[str]) -> None:
    """If the paths of the build machine do not exist, the first existing place is used."""
    environment: dict[str, str] = {}
    host.find_tls_roots(environment, ("/nowhere/cert.pem", "/nowhere/certs"))
    assert environment == {"SSL_CERT_FILE": roots[1]}


@pytest.mark.parametrize("environment", [{"SSL_CERT_FILE": "mine.pem"}, {"SSL_CERT_DIR": "mine"}])
def test_tls_roots_of_the_operator_stay(roots: list[str], environment: dict[str, str]) -> None:
    """The operator's setting is not changed."""
    before = dict(environment)
    host.find_tls_roots(environment, ("/nowhere/cert.pem",))
    assert environment == before


def test_tls_roots_that_openssl_finds_itself_stay(roots: list[str]) -> None:
    """Nothing is set if the build machine's paths exist or are unknown."""
    environment: dict[str, str] = {}
    host.find_tls_roots(environment, ("/nowhere/cert.pem", roots[2]))
    host.find_tls_roots(environment, ())
    assert environment == {}


def test_host_without_tls_roots(roots: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set on a host without TLS roots."""
    monkeypatch.setattr(host, "_TLS_ROOTS", (roots[0],))
    environment: dict[str, str] = {}
    host.find_tls_roots(environment, ("/nowhere",))
    assert environment == {}


CHILD = """
import os, select, sys
sys.frozen, sys._MEIPASS = True, "/unpacked"
from dagfloe.runtime.process.host import open_parent
try:
    descriptor = open_parent()
except ProcessLookupError as error:
    print("dead:", error)
    raise SystemExit
print("alive" if not select.select([descriptor], [], [], 0)[0] else "?", flush=True)
os.close(0)
print("gone" if select.select([descriptor], [], [], 20)[0] else "?", flush=True)
"""


def test_parent_that_dies_is_noticed(tmp_path: Path) -> None:
    """The descriptor becomes readable when the parent process is killed."""
    (tmp_path / "child.py").write_text(CHILD)
    parent = f"import subprocess, sys; subprocess.run([sys.executable, {str(tmp_path / 'child.py')!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "alive\n"
        process.kill()
        assert process.stdout.readline() == "gone\n"


def test_parent_that_is_already_dead_is_noticed(tmp_path: Path) -> None:
    """If the parent is not the process that unpacked the program, the real parent is already dead."""
    (tmp_path / "child.py").write_text(CHILD)
    command = shlex.join([sys.executable, str(tmp_path / "child.py")]) + "; true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    assert done.stdout.startswith("dead: process ")
    assert "/unpacked" in done.stdout


def test_multiprocessing_is_loaded_for_its_own_workers_only() -> None:
    """An ordinary start does not import multiprocessing; the command line of its workers does."""
    program = (
        "import sys; [sys.modules.pop(name) for name in [*sys.modules] if name.startswith('multiprocessing')]; "
        "from dagfloe.runtime.process.host import serve_multiprocessing; serve_multiprocessing(); "
        "print('multiprocessing' in sys.modules)"
    )
    for arguments, loaded in ((["--comm=x", "--logs=y"], "False"), (["--multiprocessing-fork", "x=1"], "True")):
        command = [sys.executable, "-I", "-c", program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=True)
        assert done.stdout.strip() == loaded


def test_original_library_path() -> None:
    """The library path that the launcher was started with takes precedence over what PyInstaller keeps."""
    environment = {"LD_LIBRARY_PATH": "own", "LD_LIBRARY_PATH_ORIG": "changed", "_DAGFLOE_LIBRARY_PATH": "original"}
    host.restore_library_path(environment)
    assert environment == {"LD_LIBRARY_PATH": "original"}


def test_executable_of_a_frozen_program(frozen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sys.executable` of a frozen program is the program itself."""
    assert frozen
    monkeypatch.setattr(sys, "executable", "/nowhere")
    host.correct_executable()
    assert os.path.samefile(sys.executable, "/proc/self/exe")  # noqa: PTH121 - a link of the kernel


def test_standard_streams_are_opened() -> None:
    """Closed standard streams become /dev/null."""
    code = """
import os
from dagfloe.runtime.process.host import open_standard_streams
os.close(0)
os.close(2)
open_standard_streams()
print(os.readlink("/proc/self/fd/0"), os.readlink("/proc/self/fd/2"))
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE_S, check=True
    )
    assert answer.stdout == "/dev/null /dev/null\n"


@pytest.mark.parametrize(
    ("arguments", "launcher", "is_python"),
    [
        (["-c", "pass"], None, True),
        (["-c", "pass"], "/opt/bundles/tiny", True),
        (["script.py"], None, True),
        ([], None, True),
        (["-c", "pass"], 3, False),
        (["--bundle-metadata"], None, False),
    ],
)
def test_a_program_in_a_folder_as_a_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], launcher: int | str | None, is_python: bool
) -> None:
    """The program is a Python for whoever starts it without the launcher, except for its own flags."""
    assert not host.starts_as_python(arguments, launcher, {})  # an interpreter runs this test
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "tiny"))
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "_internal"), raising=False)
    assert host.starts_as_python(arguments, launcher, {}) is is_python


def test_a_one_file_program_as_a_python(frozen: str) -> None:
    """A one-file program is a Python for the processes that inherit its variable, and for no other."""
    del frozen
    environment: dict[str, str] = {}
    assert not host.starts_as_python(["-c", "pass"], None, environment)
    host.announce_program(environment)
    assert host.starts_as_python(["-c", "pass"], None, environment)
    assert not host.starts_as_python(["--self-check"], None, environment)
