"""The counts of the page are right: a task instance that is lost, doubled or tried again is counted as such."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cluster.records import read, tally

if TYPE_CHECKING:
    from pathlib import Path


def _line(event: str, map_index: int, try_number: int = 1, host: str = "a", run_id: str = "r") -> str:
    ids = {"dag_id": "d", "run_id": run_id, "task_id": "t", "map_index": map_index, "try_number": try_number}
    return json.dumps({"event": event, **ids, "host": host, "pid": 1, "at": 0.0, "version": 1})


def _instance(map_index: int, state: str = "success") -> dict[str, object]:
    return {"dag_id": "d", "dag_run_id": "r", "task_id": "t", "map_index": map_index, "state": state}


def test_each_count(tmp_path: Path) -> None:
    """One instance of each kind is counted once, and lines of other runs are not."""
    lines = [
        *(_line(event, 0) for event in ("begin", "end")),  # as it should be
        *(
            _line(event, 1, number, host) for number, host in ((1, "a"), (2, "b")) for event in ("begin", "end")
        ),  # doubled
        *(_line("begin", 2, number) for number in (1, 2)),  # again, and without an end
        *(_line(event, 3) for event in ("begin", "end")),  # failed after its end
        *(_line(event, 0, run_id="other") for event in ("begin", "end")),
    ]
    file = tmp_path / "records"
    file.write_text("\n".join(lines) + "\n")
    found = tally([_instance(0), _instance(1), _instance(2), _instance(3, "failed"), _instance(4)], read(file, "r"))
    assert (found.instances, found.succeeded) == (5, 4)
    assert (found.lost, found.doubled, found.retried) == (3, 1, 2)
    assert found.hosts == {"a": 3, "b": 1}
