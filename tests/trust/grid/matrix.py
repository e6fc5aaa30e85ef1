"""All cells, all impossible cells, and how one cell is run. The tests and the page both come from here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from trust.grid import authors, children, hosts, outputs, supervisors
from trust.grid.trial import STEP_S, Seen, Trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from trust.grid.cell import Cell, Impossible

TESTS = Path(__file__).parents[2]
CELLS: tuple[Cell, ...] = (
    *authors.cells(),
    *children.cells(),
    *supervisors.cells(),
    *hosts.cells(),
    *outputs.cells(),
)
IMPOSSIBLE: tuple[Impossible, ...] = (
    *authors.IMPOSSIBLE,
    *children.IMPOSSIBLE,
    *supervisors.IMPOSSIBLE,
    *hosts.IMPOSSIBLE,
    *outputs.IMPOSSIBLE,
)
#: The moments and the failures of everyone who can fail; each pair is a cell or impossible.
AXES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    authors.WHO: (authors.WHENS, authors.HOWS),
    children.WHO: (children.WHENS, children.HOWS),
    **{who: (authors.WHENS, hows) for who, hows in supervisors.HOWS.items()},
    hosts.WHO: (hosts.WHENS, hosts.HOWS),
    **{who: (outputs.WHENS, hows) for who, hows in outputs.HOWS.items()},
}
_ENTRY = """
import sys
sys.path.insert(0, {demo!r})
from dagfloe.cli.frozen.main import main
from dagfloe.runtime.config import BundleConfig

if __name__ == "__main__":
    raise SystemExit(main(BundleConfig("faults.tasks:bundle", "faults", "0.1.0", "tasks.py", ("faults",))))
"""


def unfrozen_command(folder: Path) -> list[str]:
    """Write the entry script of the bundle; return the command that runs it, not frozen."""
    entry = folder / "entry.py"
    entry.write_text(_ENTRY.format(demo=str(TESTS / "demo" / "faults")))
    return [sys.executable, str(entry)]


def run(cell: Cell, command: list[str], folder: Path) -> Seen:
    """Run a cell.

    Args:
        cell: the cell.
        command: the command that starts the bundle `faults`.
        folder: an empty folder for the files of the run.
    """
    start: dict[str, Any] = dict(cell.start)
    if "supervisor" in start:
        return _run_with_supervisor(cell, command, folder, start["supervisor"])
    if start.pop("own_cache", False):
        start["env"] = {"DAGFLOE_CACHE_DIR": str(folder / "cache")}
    if "env" in start:
        start["env"] = {
            name: value.replace("{planted}", str(folder / "planted")) for name, value in start["env"].items()
        }
        _plant(folder / "planted")
    folder.mkdir(exist_ok=True, parents=True)
    with Trial(command, folder, cell.task, cell.when, cell.how, **start) as trial:
        cell.act(trial)
        return trial.finish(cell.bound_s)


def _plant(folder: Path) -> None:
    """Write a module and a library that nobody may load."""
    folder.mkdir(parents=True)
    (folder / "msgpack.py").write_text("raise SystemExit('planted')")
    (folder / "sitecustomize.py").write_text("raise SystemExit('planted')")
    for name in ("libz.so.1", "libcrypto.so.3", "libffi.so.8"):
        (folder / name).write_bytes(b"\x7fELF planted")


def _run_with_supervisor(cell: Cell, command: list[str], folder: Path, number: signal.Signals) -> Seen:
    """Let a process of its own be the supervisor, and kill or stop it."""
    folder.mkdir(exist_ok=True, parents=True)
    arguments = json.dumps({"command": command, "folder": str(folder), "when": cell.when})
    process = subprocess.Popen(
        [sys.executable, "-m", "trust.grid.supervisors", arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    observer = cast("Any", Trial.__new__(Trial))  # only its functions that look at processes
    observer.seen, observer.folder, observer.process, observer.temporary = Seen(), folder, process, folder / "tmp"
    wait: Callable[..., bool] = observer.wait_for
    assert wait(lambda: (folder / "arrived").exists() and (folder / "mark").exists(), 2 * STEP_S), "not reached"
    observer.mark = (folder / "mark").read_text()
    process.send_signal(number)
    if number == signal.SIGSTOP:
        wait(lambda: False, 2.0)
        process.send_signal(signal.SIGCONT)
        (folder / "resumed").touch()
        output, _ = process.communicate(timeout=3 * STEP_S)
        answer = json.loads(output)
        states = [{"type": state, "state": state} for state in answer["terminal"]]
        return Seen(answer["status"], states, processes=answer["processes"], files=answer["files"])
    process.communicate(timeout=STEP_S)
    wait(lambda: not observer.list_pids(), cell.bound_s)
    seen = Seen(None, processes=[str(pid) for pid in observer.list_pids()])
    for pid in observer.list_pids():
        os.kill(pid, signal.SIGKILL)
    seen.files = sorted(path.name for path in observer.temporary.iterdir())
    return seen
