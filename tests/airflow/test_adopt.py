"""Airflow sees the same Dags in the Dag file that `dagfloe adopt` writes as in the original."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dagfloe.cli.commands.adopt import adopt

DAG_FILE = Path(__file__).parents[1] / "adopt" / "dags" / "shapes.py"
#: Prints what the scheduler gets of the Dags in a file.
CODE = """
import json, runpy, sys
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
KEYS = ("downstream_task_ids", "doc_md", "execution_timeout", "is_setup", "is_teardown", "multiple_outputs", "pool",
        "retries", "trigger_rule", "_is_mapped")
found = {}
for dag in [item for item in runpy.run_path(sys.argv[1]).values() if isinstance(item, DAG)]:
    tasks = [task["__var"] for task in DagSerialization.to_dict(dag)["dag"]["tasks"]]
    found[dag.dag_id] = {task["task_id"]: {key: task.get(key) for key in KEYS} for task in tasks}
    for task in found[dag.dag_id].values():
        task["downstream_task_ids"] = sorted(task["downstream_task_ids"] or [])
print("DAGS" + json.dumps(found))
"""


def read(path: Path, home: Path) -> Any:
    """The Dags of a file, as Airflow serializes them."""
    environment = {**os.environ, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    done = subprocess.run(
        [os.environ["DAGFLOE_AIRFLOW_PYTHON"], "-c", CODE, str(path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "DAGS" in done.stdout, done.stderr
    return json.loads(done.stdout.rpartition("DAGS")[2])


@pytest.mark.airflow
@pytest.mark.timeout(300)
def test_same_dags(tmp_path: Path) -> None:
    """Tasks, edges and options are those of the original, for all shapes of tasks."""
    result = CliRunner().invoke(adopt, [str(DAG_FILE), "--all", "--output", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    before, after = read(DAG_FILE, tmp_path / "home"), read(tmp_path / "out" / "shapes.py", tmp_path / "home")
    assert set(before["shapes"]) >= {"isolated", "work.inner__1", "greet", "operator", "last"}
    assert after == before
