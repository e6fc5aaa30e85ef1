"""One container, as a runtime starts it: namespaces, the root of its image, volumes, another user, and `dumb-init`."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pods.image import GID, MOUNT, UID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pods.image import Image

_POLL_S = 0.02
_START_DEADLINE_S = 60
_END_DEADLINE_S = 60
#: The exit status that a runtime shows for a container that it has killed.
_KILLED = 137
_START = f"""
image=$1 name=$2 is_read_only=$3 user=$4 group=$5; shift 5
root=$(pwd)/root
mount --bind "$image" "$root"
while [ "$1" != -- ]; do
    mount --bind "$1" "$root$2"
    [ "$3" = no ] || mount -o remount,ro,bind "$root$2"
    shift 3
done; shift
hostname "$name"
{MOUNT}
[ "$is_read_only" = no ] || mount -o remount,ro,bind "$root"
cd /
exec chroot "$root" setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs --inh-caps=-all \\
    --bounding-set=-all dumb-init -- "$@"
"""


@dataclass(frozen=True)
class Volume:
    """A volume of a container.

    Attributes:
        folder: a folder of this machine.
        path: where the container sees it.
        is_read_only: whether the container cannot write it.
    """

    folder: Path
    path: str
    is_read_only: bool


@dataclass
class Container:
    """A container.

    Attributes:
        name: the host name, and the name of its folder.
        image: its image.
        command: its command.
        env: its environment variables, in addition to those of the image.
        volumes: its volumes.
        user: its uid.
        is_read_only: whether it cannot write its root.
        work: the folder for its root and its output.
    """

    name: str
    image: Image
    command: Sequence[str]
    env: Mapping[str, str]
    volumes: Sequence[Volume]
    work: Path
    user: int = UID
    is_read_only: bool = True
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _is_killed: bool = field(default=False, init=False)

    @property
    def output(self) -> Path:
        """The file with what the container prints."""
        return self.work / f"{self.name}.log"

    def start(self) -> None:
        """Start it."""
        (self.work / "root").mkdir(exist_ok=True)
        for volume in self.volumes:
            (self.image.root / volume.path.lstrip("/")).mkdir(parents=True, exist_ok=True)  # as runtimes do
        arguments = [
            *(str(self.image.root), self.name, _yes(self.is_read_only), str(self.user), str(GID)),
            *(part for volume in self.volumes for part in (str(volume.folder), volume.path, _yes(volume.is_read_only))),
            *("--", *self.image.mounts, *self.command),
        ]
        namespaces = ("--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child")
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                ["unshare", *namespaces, "sh", "-ec", _START, "sh", *arguments],
                cwd=self.work,
                env={**self.image.env, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def poll(self) -> int | None:
        """Return the exit status, as a runtime shows it; None if the container runs."""
        if self._process is None:
            return None
        status = self._process.poll()
        return _KILLED if status is not None and self._is_killed else status

    def stop(self, grace_s: float) -> bool:
        """End the container: SIGTERM to its first process, and SIGKILL after a grace period.

        Returns:
            whether SIGKILL was necessary.
        """
        first = self._first_process()
        if first is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(first, signal.SIGTERM)
        if self._ends_within(grace_s):
            return False
        self._is_killed = True
        with suppress(ProcessLookupError):
            os.kill(first, signal.SIGKILL)  # the kernel then kills all processes of the namespace
        if not self._ends_within(_END_DEADLINE_S):
            raise TimeoutError(f"{self.name} survives SIGKILL for {_END_DEADLINE_S} s")
        return True

    def _ends_within(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_S)
        return True

    def _first_process(self) -> int | None:
        """Return the pid of the first process of the container; None if the container has ended."""
        until = time.monotonic() + _START_DEADLINE_S
        while self.poll() is None and time.monotonic() < until:
            assert self._process is not None
            pid = self._process.pid
            with suppress(OSError):
                for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                    if b"dumb-init" in Path(f"/proc/{child}/cmdline").read_bytes():
                        return int(child)
            time.sleep(_POLL_S)
        return None


def _yes(value: bool) -> str:
    return "yes" if value else "no"
