"""A worker's file system for one run of the benchmarks, and starts of tasks in it under the embedded supervisor."""

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
#: The kernel counts what a process gives to a disk in blocks of this many bytes.
BLOCK = 512


@dataclass(frozen=True, slots=True)
class Host:
    """Folders of its own.

    Attributes:
        root: where they are.
    """

    root: Path

    @property
    def env(self) -> dict[str, str]:
        """The environment of a worker there: nothing of the caller's Python, home or caches."""
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL")}
        places = {"HOME": "home", "TMPDIR": "tmp", "DAGFLOE_CACHE_DIR": "store"}
        return {**kept, **{name: str(self.root / folder) for name, folder in places.items()}}

    def snapshot(self) -> dict[str, tuple[int, int, int, int]]:
        """Everything that is in its folders: inode, size, and when content and inode last changed."""
        found = {}
        for folder, folders, files in os.walk(self.root):
            for name in (".", *folders, *files):
                path = os.path.join(folder, name)  # noqa: PTH118 - thousands of names
                status = os.lstat(path)
                found[path] = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        return found


@contextmanager
def new_host(scratch: Path) -> Iterator[Host]:
    """A host that exists as long as the block."""
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
    """Run a task instance, which must succeed and leave no process behind.

    Args:
        command: the program and its first arguments.
        env: its environment.
        store: what it can ask for.
        task: the ids of its Dag and its own.
        map_index: its index, if it is mapped.
    """
    what = TaskRun(dag_id=task[0], task_id=task[1], run_id="bench", map_index=map_index)
    result = run_task(command, what, store, env=env, limits=Limits(task_s=TASK_TIMEOUT_S))
    if result.state != "success" or result.error or result.leftovers:
        log = "\n".join(f"{record.level} {record.event}" for record in result.records[-20:])
        raise RuntimeError(f"{command[0]}: {task[1]} is {result.state}: {result.error}, {result.leftovers}\n{log}")
    return result


def written_bytes() -> int:
    """What processes that were started here, and have ended, gave to disks so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_oublock * BLOCK
