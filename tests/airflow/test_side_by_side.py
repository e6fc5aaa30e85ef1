"""What an ordinary task of Airflow delivers, the same function in a bundle delivers, too, under the same supervisor."""

from __future__ import annotations

import json
import os
import re
import selectors
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.peer import TOOL

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "tests" / "demo" / "ordinary"
WORKER = ROOT / "benchmarks" / "airflow_worker.py"
#: From the worker's folder of Dags, without the suffix.
DAG_FILE = "../../tests/demo/ordinary/airflow_dag"
TASK_S = 60
#: The state under both supervisors, and in a bundle where it differs.
STATES = {
    "threads_print": "success",
    "forked_prints": "success",
    "forked_process_prints": "success",
    "stderr_prints": "success",
    "raises_after_reconfigured": "failed",
    "logs_after_disabled": "failed",
    "swallows_timeout": "failed",
    "exits_with_zero": "failed",
    "ends_at_once": "success",
}
#: Airflow's supervisor computes success for a task that vanishes with status 0. A bundle's status is then 1.
DIFFERENT_STATES = {"ends_at_once": "failed"}


class Worker:
    """The process with Airflow's supervisor."""

    def __init__(self, python: str) -> None:
        self.process = subprocess.Popen(
            [python, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def run(self, **request: str) -> dict[str, Any]:
        """Run a task, and return its state and its records."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(TASK_S), f"no answer within {TASK_S} s"
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """The supervisor of the Airflow whose Python the environment names."""
    python = os.environ.get("DAGFLOE_AIRFLOW_PYTHON")
    assert python, "DAGFLOE_AIRFLOW_PYTHON is not set: run `make airflow-test`"
    worker = Worker(python)
    yield worker
    worker.process.communicate(timeout=TASK_S)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bundle file of the same functions."""
    folder = tmp_path_factory.mktemp("bundles")
    subprocess.run([TOOL, "build", str(PROJECT), "--output", str(folder), "--quiet"], check=True, timeout=600)
    return folder


def marked_lines(answer: dict[str, Any]) -> Counter[str]:
    """The lines of the function in the records of a task, and how often each of them came."""
    return Counter(line for event in answer["events"] for line in re.findall(r"<[^<>]+>", event) if "/" not in line)


def test_every_case_has_a_state() -> None:
    """The states are those of all functions of the project."""
    code = "import json, cases; print(json.dumps(list(cases.CASES)))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, check=True, timeout=TASK_S)
    assert json.loads(answer.stdout) == list(STATES)


@pytest.mark.parametrize("case", STATES)
def test_bundle_keeps_what_an_ordinary_task_keeps(worker: Worker, bundles: Path, case: str) -> None:
    """The state is Airflow's, unless Airflow loses a task, and no line is lost that an ordinary task delivers."""
    ordinary = worker.run(dag=DAG_FILE, dag_id=case)
    own = worker.run(root=str(bundles), dag_id=case)
    assert ordinary["state"] == STATES[case], ordinary["events"]
    assert own["state"] == DIFFERENT_STATES.get(case, STATES[case]), own["events"]
    assert marked_lines(ordinary) - marked_lines(own) == Counter()
