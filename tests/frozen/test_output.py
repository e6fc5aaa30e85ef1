"""The output of a bundle file: what its worker processes, and code after the task, print and log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.side_by_side import run_command

if TYPE_CHECKING:
    from pathlib import Path


def test_workers_log(guest: Path) -> None:
    """What workers of multiprocessing print and log arrives, masked, however they are started."""
    output = run_command([str(guest)], task_id="workers", dag_id="guest")
    assert output.terminal is not None
    assert output.terminal["type"] == "SucceedTask"
    text = "\n".join(output.events)
    for number in [*range(9), *range(10, 19), *range(20, 29)]:
        for word in ("printed", "password ***", "logged", "written", "unfinished"):
            assert text.count(f"{word} {number}") - text.count(f"{word} {number}0") >= 1, (word, number)
    assert b"swordfish" not in output.logs + output.stdout + output.stderr
    assert output.stdout == output.stderr == b""
