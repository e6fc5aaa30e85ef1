"""After all tests of a complete Airflow, no process, socket, temporary folder or entry of the store is left.

These tests end the Airflow, so they come last: `make airflow-e2e` names the files in order.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from dagfloe.build.cache_root import cache_root
from dagfloe.build.program_store import ProgramStore
from e2e.settings import newer

if TYPE_CHECKING:
    from e2e.conftest import Session

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400, func_only=True)]
#: The launcher's watch processes, and the programs that tasks start, have these in their command lines.
WATCH = "dagfloe-watch"
CHILD = "sleep 300"
#: The names of the programs that the tests start; `small` in two versions, `small34` in three.
PROGRAMS = ["broken", "demo", "pandas2", "small", "small", "weather"]
PROGRAMS_34 = ["native34", "newer", *["small34"] * 3]
#: States of /proc/net/tcp.
ESTABLISHED, LISTEN = "01", "0A"
DEADLINE_S = 30


def test_tasks_leave_nothing_while_airflow_runs(session: Session) -> None:
    """When all tasks have ended, no process and no temporary file of a bundle is left."""
    airflow = session.airflow
    places = airflow.places
    marks = (str(places.store), str(places.bundles), f"{places.dags}/native34", WATCH, CHILD)
    store = ProgramStore(places.store)

    def have_ended() -> bool:
        commands = airflow.processes().values()
        return not any(mark in command for command in commands for mark in marks) and not any(
            program.is_running for program in store.programs()
        )

    airflow.api.wait(f"end of all processes of bundles: {airflow.processes()}", have_ended, DEADLINE_S)
    expected = sorted([*PROGRAMS, *PROGRAMS_34] if newer(airflow.version) else PROGRAMS)
    assert sorted(program.name for program in store.programs()) == expected
    assert [path.name for path in (places.store / "store" / "partial").iterdir()] == []
    assert [path.name for path in places.temporary.iterdir()] == []


def test_airflow_leaves_nothing_after_its_end(session: Session) -> None:
    """When Airflow has ended, no process, socket, temporary file, or program in the user's store is left."""
    airflow = session.airflow
    places = airflow.places
    assert airflow.end() == {}, "processes that had to be killed"
    assert airflow.processes() == {}
    assert _sockets(urlsplit(airflow.url).port or 0) == []
    assert [str(path) for path in places.home.rglob("*") if path.is_socket()] == []
    assert [path.name for path in places.temporary.iterdir()] == []
    programs = {program.id for program in ProgramStore(places.store).programs()}
    new = {program.id for program in ProgramStore(cache_root()).programs()} - session.programs_before
    assert sorted(programs & new) == []
    shutil.rmtree(session.root)
    assert not session.root.exists()


def _sockets(port: int) -> list[str]:
    """Return the lines of /proc/net/tcp for the open sockets of a port."""
    sockets = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, state = line.split()[1:4]
        ports = {int(address.partition(":")[2], 16) for address in (local, remote)}
        if port in ports and state in (ESTABLISHED, LISTEN):
            sockets.append(line.strip())
    return sockets
