"""However a bundle's process ends, no process and no folder is left, and the exit status is correct."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support.deaths import DEATHS, Death, Scene, can_limit_memory

if TYPE_CHECKING:
    from pathlib import Path

    from support.result_tables import Tables

#: `make deaths` runs more times, and writes the table.
TIMES = int(os.environ.get("DAGFLOE_TIMES", "1"))


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death.name)
def test_death_leaves_nothing(guest: Path, form: str, tmp_path: Path, tables: Tables, death: Death) -> None:
    """However the process ends, its exit status is correct, and its child processes and unpacked files are gone."""
    if death.ending == "out of memory" and not can_limit_memory():
        pytest.skip("this user may not limit the memory of a process")
    for number in range(TIMES):
        scene = Scene(guest, tmp_path / str(number))
        scene.folder.mkdir()
        assert scene.run(death) == death.status
    tables.add("deaths", death.name, form, {"times": TIMES, "status": death.status})
