"""Runs ordinary Python tasks of Dag files under the real supervisor, too. Otherwise it does what supervise.py does."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import supervise
from airflow.sdk.execution_time.coordinator import _build_python_coordinator


def run_ordinary(request: dict[str, Any]) -> dict[str, Any]:
    """Run a task of the Dag file `ordinary` in the folder `root`."""

    def make(root: str, _startup_s: float) -> Any:
        supervise.ROOT.unlink(missing_ok=True)
        supervise.ROOT.symlink_to(root)
        return _build_python_coordinator()

    with patch.object(supervise, "coordinator_for", make):
        answer: dict[str, Any] = supervise.run({**request, "dag_file": request["ordinary"]})
        return answer


if __name__ == "__main__":
    supervise.ANSWERS["ordinary"] = run_ordinary
    supervise.main()
