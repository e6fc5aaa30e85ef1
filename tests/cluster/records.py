"""What the tasks did: the lines that they append to a file when they begin and end."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class Key(NamedTuple):
    """A task instance."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int


@dataclass(frozen=True)
class Record:
    """A line.

    Attributes:
        event: `begin`, `child` or `end`.
        key: the task instance.
        try_number: its try.
        host: the name of the worker's host.
        pid: of the task, or of its child.
        at: the time, in seconds since the epoch.
        version: of the bundle file.
    """

    event: str
    key: Key
    try_number: int
    host: str
    pid: int
    at: float
    version: int


@dataclass(frozen=True)
class Tally:
    """What became of the task instances of a run.

    Attributes:
        instances: how many there are.
        succeeded: how many have the state `success`.
        lost: how many did not succeed, or never wrote their last line.
        doubled: how many wrote their last line more than once.
        retried: how many began more than once.
        hosts: how many last lines each host wrote.
        versions: how many last lines each version of the bundle file wrote.
    """

    instances: int
    succeeded: int
    lost: int
    doubled: int
    retried: int
    hosts: dict[str, int]
    versions: dict[int, int]


def read(file: Path, run_id: str) -> list[Record]:
    """Read the lines of a run.

    Args:
        file: the file that tasks append to.
        run_id: the run.
    """
    records = []
    for line in file.read_text("utf-8").splitlines():
        body = json.loads(line)
        if body["run_id"] == run_id:
            key = Key(body["dag_id"], body["run_id"], body["task_id"], body["map_index"])
            rest = {name: body[name] for name in ("event", "try_number", "host", "pid", "at", "version")}
            records.append(Record(key=key, **rest))
    return records


def tally(instances: Iterable[dict[str, Any]], records: Sequence[Record]) -> Tally:
    """Count what became of task instances.

    Args:
        instances: those that write lines, as Airflow's API returns them.
        records: their lines.
    """
    states = {_key(instance): instance["state"] for instance in instances}
    ended = Counter(record.key for record in records if record.event == "end")
    began = Counter(record.key for record in records if record.event == "begin")
    last = [record for record in records if record.event == "end"]
    return Tally(
        instances=len(states),
        succeeded=sum(state == "success" for state in states.values()),
        lost=sum(state != "success" or not ended[key] for key, state in states.items()),
        doubled=sum(ended[key] > 1 for key in states),
        retried=sum(began[key] > 1 for key in states),
        hosts=dict(sorted(Counter(record.host for record in last).items())),
        versions=dict(sorted(Counter(record.version for record in last).items())),
    )


def _key(instance: dict[str, Any]) -> Key:
    return Key(instance["dag_id"], instance["dag_run_id"], instance["task_id"], instance["map_index"])
