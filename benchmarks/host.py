"""Runs tasks under the embedded supervisor, in folders that stand for the file system of a worker's host."""

from __future__ import annotations

import os
import resource
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.local.supervise.limits import Limits
from dagfloe.local.supervise.supervisor import run_task
from dagfloe.local.task_run import TaskRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagfloe.local.store.store import Store
    from dagfloe.local.supervise.task_result import TaskResult

TASK_TIMEOUT_S = 300.0
#: The kernel counts the output of a process to disks in blocks of this size.
BLOCK_BYTES = 512


@dataclass(frozen=True, slots=True)
class Host:
    """The folders of one host.

    Attributes:
        root: the folder above them.
    """

    root: Path

    @property
    def env(self) -> dict[str, str]:
        """The environment of a worker on the host, without the caller's Python, home or caches."""
        basics = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL")}
        folders = {"HOME": "home", "TMPDIR": "tmp", "DAGFLOE_CACHE_DIR": "store"}
        return {**basics, **{name: str(self.root / folder) for name, folder in folders.items()}}

    def snapshot(self) -> dict[str, tuple[int, int, int, int]]:
        """The files and folders of the host, by path: inode, size, and the times of the last changes."""
        entries = {}
        for folder, folders, files in os.walk(self.root):
            for name in (".", *folders, *files):
                path = os.path.join(folder, name)  # noqa: PTH118 - thousands of names
                status = os.lstat(path)
                entries[path] = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        return entries


@contextmanager
def new_host(scratch: Path) -> Iterator[Host]:
    """A host that exists until the block ends."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="host-", dir=scratch, ignore_cleanup_errors=True) as name:
        for folder in ("home", "tmp", "store"):
            Path(name, folder).mkdir()
        yield Host(Path(name))


def run(
    command: Sequence[str],
    env: Mapping[str, str],
    store: Store,
    task: tuple[str, str],
    *,
    map_index: int = -1,
) -> TaskResult:
    """Run a task instance and check that it succeeds and leaves no process behind.

    Args:
        command: the program and its first arguments.
        env: its environment.
        store: the variables and XComs of Airflow.
        task: its dag_id and task_id.
        map_index: its index, if it is mapped.

    Raises:
        RuntimeError: it failed, or left a process behind.
    """
    task_run = TaskRun(dag_id=task[0], task_id=task[1], run_id="bench", map_index=map_index)
    result = run_task(command, task_run, store, env=env, limits=Limits(task_s=TASK_TIMEOUT_S))
    if result.state != "success" or result.error or result.leftovers:
        log = "\n".join(f"{record.level} {record.event}" for record in result.records[-20:])
        raise RuntimeError(f"{command[0]}: {task[1]} is {result.state}: {result.error}, {result.leftovers}\n{log}")
    return result


def written_bytes() -> int:
    """The bytes that the ended child processes of this process have written to disks so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_oublock * BLOCK_BYTES
