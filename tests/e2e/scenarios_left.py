"""Looks whether anything of a run is left: processes, sockets, temporary folders, entries of the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dagfloe.build.program_store import ProgramStore
from dagfloe.build.python.virtualenv import cache_root
from e2e.scenarios import Wrong, same
from e2e.settings import newer

if TYPE_CHECKING:
    from e2e.instance import Airflow

#: What starts of bundle files, in which everything may be found, have in their command lines.
WATCH = "dagfloe-watch"
CHILD = "sleep 300"
#: The programs that the scenarios start, by their names; `small` in two versions.
STARTED = ["broken", "pandas2", "small", "small", "weather", "whole"]
#: States of /proc/net/tcp.
ESTABLISHED, LISTEN = "01", "0A"
DEADLINE_S = 30


@dataclass(frozen=True)
class Before:
    """How the machine was.

    Attributes:
        programs: the ids of what was unpacked in the user's own cache.
    """

    programs: frozenset[str]

    @classmethod
    def now(cls) -> Before:
        """How it is."""
        return cls(frozenset(each.id for each in ProgramStore(cache_root()).programs()))


def look_while_running(airflow: Airflow) -> str:
    """Look when all tasks have ended, and Airflow goes on: what is left then, nobody clears away.

    Raises:
        Wrong: something is left.
    """
    places = airflow.places
    marks = (str(places.store), str(places.bundles), WATCH, CHILD)
    store = ProgramStore(places.store)

    def are_gone() -> bool:
        of_bundles = [each for each in airflow.processes().values() if any(mark in each for mark in marks)]
        return not of_bundles and not any(each.is_running for each in store.programs())

    airflow.api.wait(f"end of all processes of bundles: {airflow.processes()}", are_gone, DEADLINE_S)
    programs = store.programs()
    started = sorted([*STARTED, "newer"] if newer(airflow.version) else STARTED)
    same("programs in the store", sorted(each.name for each in programs), started)
    same("half-unpacked programs", [each.name for each in (places.store / "store" / "partial").iterdir()], [])
    same("temporary files", [each.name for each in places.temporary.iterdir()], [])
    return f"no process, no temporary file; {len(programs)} programs in the store, one for each file that ran"


def look_afterwards(airflow: Airflow, before: Before, killed: dict[int, str]) -> str:
    """Look when Airflow has ended.

    Raises:
        Wrong: something is left.
    """
    places = airflow.places
    same("processes that had to be killed", killed, {})
    same("processes", airflow.processes(), {})
    same("sockets", _sockets(urlsplit(airflow.url).port or 0), [])
    same("socket files", [str(each) for each in places.home.rglob("*") if each.is_socket()], [])
    same("temporary files", [each.name for each in places.temporary.iterdir()], [])
    ours = {each.id for each in ProgramStore(places.store).programs()}
    others = {each.id for each in ProgramStore(cache_root()).programs()} - before.programs
    same("programs in the user's store", sorted(ours & others), [])
    return "no process, socket, temporary file, or program in the user's store"


def look_for(folder: Path) -> str:
    """Look whether the folder of the run is there.

    Raises:
        Wrong: it is.
    """
    if folder.exists():
        raise Wrong(f"{folder} is still there, with {[each.name for each in folder.iterdir()]}")
    return "with its store, database and logs"


def _sockets(port: int) -> list[str]:
    """The sockets of a port that somebody has open."""
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, state = line.split()[1:4]
        ports = {int(each.partition(":")[2], 16) for each in (local, remote)}
        if port in ports and state in (ESTABLISHED, LISTEN):
            found.append(line.strip())
    return found
