"""Starts a server as a process, waits until it accepts connections, and ends it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

HOST = "127.0.0.1"
START_TIMEOUT_S, END_TIMEOUT_S, COMMAND_TIMEOUT_S = 60, 20, 120


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def find_program(name: str, package: str, *, folders: Sequence[Path] = ()) -> str:
    """The path of a program.

    Args:
        name: the program.
        package: Debian's package that contains it.
        folders: where to look, in addition to the PATH and the folders of the administrator's programs.
    """
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", *map(str, folders)])
    found = shutil.which(name, path=path)
    if found is None:
        raise SystemExit(f"{name} is missing: apt-get install {package}")
    return found


def as_user(user: str, folder: Path, command: Sequence[str]) -> list[str]:
    """A command that runs as another user if this user is root, because some servers refuse root.

    Args:
        user: the user, who becomes the owner of the folder.
        folder: the folder of the server's files. The user must be able to reach it.
        command: the command.
    """
    if os.geteuid() != 0:
        return list(command)
    entry = pwd.getpwnam(user)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", *command]


def run_command(command: Sequence[str], folder: Path) -> None:
    """Run a command that prepares a server. Its output is in the message if it fails."""
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False)
    if ended.returncode:
        raise SystemExit(f"{command[0]} failed:\n{ended.stdout}{ended.stderr}")


@contextmanager
def running(command: Sequence[str], port: int, folder: Path, env: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run a server during the block.

    Args:
        command: the server.
        port: the port on which it listens.
        folder: the folder in which it runs, and in which its output goes to `server.log`.
        env: environment variables, in addition to those of this process.
    """
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
        )
    try:
        _wait_until_it_listens(process, port, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(END_TIMEOUT_S)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as client:
            client.settimeout(1)
            if client.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"a server did not start:\n{log.read_text(errors='replace')[-2000:]}")
