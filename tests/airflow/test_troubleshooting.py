"""Failures in docs/how-to/troubleshooting.md that Airflow reports, produced under the real supervisor."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.format.trailer import Trailer
from support.peer import DEADLINE_S
from support.quoted_messages import shows

from .conftest import PYTHON_VARIABLE  # type: ignore[import-not-found,unused-ignore]

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Answer, Supervisor  # type: ignore[import-not-found,unused-ignore]

MANIFEST = b"""airflow_bundle_metadata_version: "1.0"
sdk: {language: python, version: "1", supervisor_schema_version: "2026-06-16"}
source: tasks.py
dags: {d: {tasks: [t]}}
"""
NOT_FOUND = "cannot find executable bundle containing dag_id='…' in …"
CLEARED = "Server indicated the task shouldn't be running anymore. Terminating process"
KEPT = "Airflow keeps the state that somebody has given the task instance"


@pytest.fixture
def start_failure(supervisor: Supervisor, tmp_path: Path) -> Any:
    """Return a function that runs a task whose process never connects, and returns Airflow's error."""

    def start_failure(dag_id: str = "d", **request: Any) -> str:
        answer = supervisor.ask(root=str(tmp_path), dag_id=dag_id, task_id="t", **request)
        assert (answer["final_state"], answer["records"], answer["leftovers"]) == (None, [], [])
        return str(answer["error"])

    return start_failure


@pytest.fixture
def run(supervisor: Supervisor, demo_bundles: Path) -> Any:
    """Return a function that runs a task of the Dag `behaviours`. With short polls, Airflow sees its end soon."""
    settings = {"MIN_HEARTBEAT_INTERVAL": 0.1, "HEARTBEAT_TIMEOUT": 1}

    def run(task_id: str, **request: Any) -> Answer:
        return supervisor.run(demo_bundles, "behaviours", task_id, settings=settings, **request)

    return run


def write_file(path: Path, program: bytes) -> None:
    """Write a bundle file with this program, for the task `t` of the Dag `d`."""
    path.write_bytes(program + MANIFEST + Trailer(0, len(MANIFEST), hashlib.sha256(program).digest()).pack())
    path.chmod(0o755)


def test_no_file(start_failure: Any) -> None:
    shows(NOT_FOUND, start_failure())


def test_a_file_that_is_not_executable(
    start_failure: Any, supervisor: Supervisor, demo_bundles: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_bundles / "demo", tmp_path / "demo")
    (tmp_path / "demo").chmod(0o644)
    if supervisor.can("3.4"):
        assert supervisor.run(tmp_path, "ends", "skips").states == ["skipped"]
    else:
        shows(NOT_FOUND, start_failure("behaviours"))


def test_a_file_that_was_changed(start_failure: Any, demo_bundles: Path, tmp_path: Path) -> None:
    data = bytearray((demo_bundles / "demo").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "demo").write_bytes(data)
    (tmp_path / "demo").chmod(0o755)
    shows(NOT_FOUND, start_failure("behaviours"))


def test_a_file_for_a_newer_airflow(
    start_failure: Any, supervisor: Supervisor, demo_bundles: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_bundles / "newer", tmp_path)
    if supervisor.can("3.4"):
        assert supervisor.run(tmp_path, "conformance34", "t").states == ["removed"]
    else:
        shows(
            "cannot find executable bundle with usable supervisor_schema_version for dag_id='…'",
            start_failure("conformance34"),
        )


def test_another_processor(start_failure: Any, tmp_path: Path) -> None:
    machine = slice(18, 20)
    program = bytearray((tmp_path.parents[-1] / "bin" / "true").read_bytes())
    program[machine] = (243 if os.uname().machine != "riscv64" else 62).to_bytes(2, "little")
    write_file(tmp_path / "d", bytes(program))
    shows("[Errno 8] Exec format error: '…'", start_failure())


def test_another_c_library(start_failure: Any, tmp_path: Path) -> None:
    program = (tmp_path.parents[-1] / "bin" / "true").read_bytes()
    assert b"/ld-linux" in program
    write_file(tmp_path / "d", program.replace(b"/ld-linux", b"/ld-other"))
    shows("[Errno 2] No such file or directory: '…'", start_failure())


def test_a_launcher_that_fails(start_failure: Any, demo_bundles: Path, tmp_path: Path) -> None:
    """Airflow loses the launcher's line, as the page says."""
    program = b"#!/bin/sh\necho d: it needs a better host >&2\nexit 126\n"
    write_file(tmp_path / "d", program)
    error = start_failure()
    shows("process exited with 126 before connecting", error)
    assert "a better host" not in error


def test_a_start_that_takes_too_long(start_failure: Any, tmp_path: Path) -> None:
    write_file(tmp_path / "d", b"#!/bin/sh\nexec sleep 60\n")
    shows("process did not connect within timeout", start_failure(startup_s=0.2))


def ask_airflow(code: str, tmp_path: Path, **env: str) -> str:
    """Run code in Airflow's Python, and return the last line of its traceback."""
    (tmp_path / "code.py").write_text(code, "utf-8")  # Airflow reads the source of a stub
    home = {"AIRFLOW_HOME": str(tmp_path), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    command = [os.environ[PYTHON_VARIABLE], str(tmp_path / "code.py")]
    answer = subprocess.run(
        command, capture_output=True, text=True, env={**home, **env}, timeout=3 * DEADLINE_S, check=False
    )
    assert answer.returncode == 1
    return answer.stderr.splitlines()[-1]


def test_a_queue_without_a_coordinator(tmp_path: Path) -> None:
    code = "from airflow.sdk.execution_time.coordinator import CoordinatorManager; CoordinatorManager.from_config()"
    error = ask_airflow(code, tmp_path, AIRFLOW__SDK__QUEUE_TO_COORDINATOR='{"dagfloe": "dagflow"}')
    shows("[sdk] queue_to_coordinator references invalid coordinator key: '…'", error)


def test_a_stub_that_airflow_runs_itself(tmp_path: Path) -> None:
    code = "from airflow.sdk import DAG, task\n@task.stub\ndef t(): ...\nwith DAG('d'):\n    t().operator.execute({})\n"
    shows("@task.stub should not be executed directly", ask_airflow(code, tmp_path))


def test_another_version_of_the_bundle(run: Any) -> None:
    answer = run("nowhere")
    assert answer.states == ["removed"]
    record = answer.record("nowhere")
    shows("is not in this bundle: does the stub Dag belong to another version of it?", record["event"])
    assert record["registered"]


def test_a_module_that_fails(supervisor: Supervisor, demo_bundles: Path) -> None:
    answer = supervisor.run(demo_bundles, "unregistered", "task", env={"UNREGISTERED_FAILS": "1"})
    shows("The task cannot begin: the bundle's module cannot be imported (…)", " ".join(answer.events()))


@pytest.mark.parametrize(
    ("task_id", "message", "request_"),
    [
        ("needs", "has no value for its parameter '…'", {}),
        ("missing_variable", "does not exist: create it in Airflow, or pass a default", {}),
        (
            "forbidden_variable",
            "is not allowed for this task (PERMISSION_DENIED, HTTP status 403)",
            {"forbidden": ["secret_of_others"]},
        ),
        (
            "missing_variable",
            "failed in the API server or on the way to it (API_SERVER_ERROR, HTTP status …)",
            {"fail": {"GET variables": 500}},
        ),
    ],
)
def test_failures_of_a_task(run: Any, task_id: str, message: str, request_: dict[str, Any]) -> None:
    answer = run(task_id, **request_)
    assert (answer.exit_code, answer.states) == (0, ["failed"])
    shows(message, answer.record("Task failed")["error_detail"][0]["exc_value"])


def test_an_end_that_is_not_confirmed(run: Any) -> None:
    answer = run("speaks", refuse_state=True)
    shows("The terminal message was delivered, but not confirmed: …", " ".join(answer.events()))


@pytest.mark.parametrize("should_retry", [True, False])
def test_a_task_that_is_cleared(run: Any, should_retry: bool) -> None:
    """A cleared task can clean up. Its log has the stop, and says without a warning that Airflow keeps the state."""
    answer = run("blocks", heartbeats={"on": "ready", "status": 409}, should_retry=should_retry)
    assert (answer.exit_code, answer.final_state) == (0, "SERVER_TERMINATED")
    refused = {"up_for_retry"} if should_retry else set()
    assert set(answer.states) <= {"server_terminated", *refused}  # 3.4 sends it to the API server, 3.3 does not
    events = answer.events()
    shows(CLEARED, " ".join(events))
    assert events.index("unwound") < events.index("Task stopped: the task was asked to stop: SIGTERM")
    assert (KEPT in events) is should_retry
    assert "not confirmed" not in " ".join(events)


@pytest.mark.parametrize(
    ("task_id", "request_", "code"),
    [
        ("stubborn", {"signal": {"on": "ready", "number": 9}}, -9),
        ("vanishes_7", {}, 7),
    ],
)
def test_a_process_that_is_gone(run: Any, task_id: str, request_: dict[str, Any], code: int) -> None:
    answer = run(task_id, **request_)
    record = answer.record("Process exited")
    shows("Process exited abnormally", record["event"])
    assert record["exit_code"] == answer.exit_code == code
