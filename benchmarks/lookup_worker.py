"""Looks a Dag up in a folder of bundle files, as a worker of Airflow does for each task. Runs in Airflow's Python.

The arguments are the folder, the dag_id and the number of lookups after the first. Each line of the output is the
processor time of one lookup in milliseconds. The first lookup also computes the digests, which Airflow then remembers.
"""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace

from airflow.sdk.coordinators.executable.coordinator import ExecutableCoordinator

folder, dag_id, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
coordinator = ExecutableCoordinator(executables_root=[folder])
for number in range(times + 1):
    start = time.process_time()
    coordinator._build_execute_task_command(what=SimpleNamespace(dag_id=dag_id))  # noqa: SLF001 - its entry point
    if number:
        print(1000 * (time.process_time() - start))
