"""The root file system of a container image: Airflow's, with bundle files, built in a folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support.peer import DEADLINE_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The user of Airflow's own image.
UID, GID = 50000, 0
HOME = "/home/airflow"
_ROOT_USER = "root:x:0:0:root:/root:/bin/bash\n"
_USER = f"airflow:x:{UID}:{GID}:airflow:{HOME}:/bin/bash\n"
_HOST_FOLDERS = ("/usr",)
_LINKS = ("bin", "lib", "lib64", "sbin")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "nsswitch.conf", "ssl", "alternatives", "mime.types")
_FOLDERS = ("dev", "etc", "opt/airflow/bundles", "opt/airflow/dags", "opt/airflow/logs", "proc", "run", "usr", "var")
#: Mounts what the image takes from this machine, below $root. Takes sources and targets from the arguments, up to `--`.
MOUNT = """
while [ "$1" != -- ]; do mount --bind "$1" "$root$2"; mount -o remount,ro,bind "$root$2"; shift 2; done; shift
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755,size=64k dev "$root/dev"
for name in null zero full random urandom tty; do
    : > "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir "$root/dev/shm"; mount -t tmpfs -o nosuid,nodev,noexec,mode=1777,size=64m shm "$root/dev/shm"
"""


class Image:
    """An image.

    Args:
        folder: the folder for its root, which does not exist yet.
        airflow: the virtual environment with Airflow, which becomes `/home/airflow/.local`.
        bundles: the bundle files in `/opt/airflow/bundles`.
        has_user: whether `/etc/passwd` has the user.

    Attributes:
        root: its root.
        env: its environment variables.
    """

    def __init__(self, folder: Path, airflow: Path, bundles: Sequence[Path], *, has_user: bool = True) -> None:
        self.root = folder
        self._mounts = {name: name for name in _HOST_FOLDERS}
        self._mounts[str(airflow.resolve())] = f"{HOME}/.local"
        base = Path(sys.base_prefix).resolve()
        if not base.is_relative_to("/usr"):
            self._mounts[str(base)] = str(base)
        self.env = {
            "AIRFLOW_HOME": "/opt/airflow",
            "HOME": HOME if has_user else "/",
            "LANG": "C.UTF-8",
            "PATH": f"{HOME}/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        }
        for name in (*_FOLDERS, *(target.lstrip("/") for target in self._mounts.values())):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("tmp", "var/tmp"):
            (folder / name).mkdir()
            (folder / name).chmod(0o1777)
        for name in _LINKS:
            (folder / name).symlink_to(f"usr/{name}")
        for name in _ETC:
            self._copy_etc(name)
        (folder / "etc" / "passwd").write_text(_ROOT_USER + (_USER if has_user else ""))
        (folder / "etc" / "group").write_text("root:x:0:\n")
        (folder / "etc" / "hosts").write_text("127.0.0.1 localhost\n")
        for bundle in bundles:
            shutil.copy2(bundle, folder / "opt" / "airflow" / "bundles")
        for path in (folder / "opt" / "airflow", folder / "opt" / "airflow" / "logs", folder / HOME.lstrip("/")):
            path.chmod(0o775)  # as in Airflow's image, for every user of the group 0

    @property
    def mounts(self) -> list[str]:
        """The arguments of `MOUNT`."""
        return [*(part for pair in self._mounts.items() for part in pair), "--"]

    def run(self, command: str, env: Mapping[str, str]) -> str:
        """Run a command of a Dockerfile as root, and return its output.

        Raises:
            CalledProcessError: if it fails.
        """
        script = f'root=$1; shift\n{MOUNT}\nexec chroot "$root" /bin/sh -c "$COMMAND"'
        done = subprocess.run(
            [
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                "-ec",
                script,
                "sh",
                self.root,
                *self.mounts,
            ],
            env={**self.env, **env, "COMMAND": command},
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_S,
        )
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout)
        return done.stdout

    def _copy_etc(self, name: str) -> None:
        source, target = Path("/etc", name), self.root / "etc" / name
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        elif source.exists():
            shutil.copy2(source, target)
