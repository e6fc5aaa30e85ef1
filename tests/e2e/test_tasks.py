"""Tasks in a complete Airflow that run without a wait: their ends, their order, and their requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.scene import DEADLINE_S, only

if TYPE_CHECKING:
    from e2e.scene import Run, Scene

MASK = "***"
pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400, func_only=True)]


def test_success(scene: Scene) -> None:
    """A task succeeds: its XCom, its log records and their levels."""
    run = scene.run("ends")
    run.expect_end("succeeds", "success")
    run.expect_xcom("succeeds", {"rows": 3, "dag": "ends", "task": "succeeds", "run": run.run_id})
    record = run.record("succeeds", "counted")
    fields = {name: record.get(name) for name in ("level", "logger", "rows", "table")}
    assert fields == {"level": "info", "logger": "ends.succeeds", "rows": 3, "table": "orders"}
    assert run.record("succeeds", "printed by the task")["level"] == "info"
    assert run.records("succeeds", "too quiet") == []


def test_retry(scene: Scene) -> None:
    """A task fails, is retried, and succeeds."""
    run = scene.run("ends")
    run.expect_end("flaky", "success", tries=2)
    run.expect_xcom("flaky", 2)
    error = _error(run, "flaky")[-1]
    assert (error["exc_type"], error["exc_value"]) == ("RuntimeError", "the first try fails")
    assert [record for record in run.records("flaky", tries=2) if "error_detail" in record] == []


def test_failure(scene: Scene) -> None:
    """A failed task shows its exception with cause and frames."""
    run = scene.run("ends")
    run.expect_end("fails", "failed")
    chain = [(error["exc_type"], error["exc_value"], error["is_cause"]) for error in _error(run, "fails")]
    assert chain == [("ValueError", "the order has no key", False), ("KeyError", "'key'", True)]
    for error in _error(run, "fails"):
        frame = error["frames"][-1]
        assert (frame["name"], frame["filename"].endswith("ends.py")) == ("fails", True)
    run.expect_xcom("fails", None)
    run.expect_run_state("failed")


def test_failure_without_retry(scene: Scene) -> None:
    """A task that raises TaskFailed fails at once, with tries left."""
    run = scene.run("ends")
    run.expect_end("gives_up", "failed")
    run.record("gives_up", "Task failed")


def test_skip(scene: Scene) -> None:
    """A skipped task skips the task after it."""
    run = scene.run("ends")
    run.expect_end("skips", "skipped")
    run.expect_end("after_skip", "skipped", tries=0)


def test_branch(scene: Scene) -> None:
    """A branch runs one of two tasks and skips the other."""
    run = scene.run("graph")
    run.expect_end("joins", "success")
    run.expect_end("chooses", "success")
    run.expect_end("left", "success")
    run.expect_end("right", "skipped", tries=0)


def test_short_circuit(scene: Scene) -> None:
    """A short circuit skips what comes after it."""
    run = scene.run("graph")
    run.expect_end("is_needed", "success")
    run.expect_end("archive", "skipped", tries=0)


def test_mapped_tasks(scene: Scene) -> None:
    """A mapped task runs once for every item."""
    run = scene.run("graph")
    run.expect_end("add", "success")
    run.expect_xcom("add", 180)
    for index, (shop, count) in enumerate((("north", 50), ("south", 50), ("far east", 80))):
        instance = run.expect_end("load", "success", map_index=index)
        assert instance["rendered_map_index"] == shop
        run.expect_xcom("load", count, map_index=index)
    run.expect_run_state("success")


def test_xcoms_between_a_bundle_and_python_tasks(scene: Scene) -> None:
    """XComs travel between a bundle and ordinary Python tasks, both ways."""
    run = scene.run("mixed")
    run.expect_end("pulls", "success")
    run.expect_xcom("later", {"next day": "2026-02-01T00:00:00+00:00", "twice": 42})
    run.expect_xcom("pulls", ["next day: 2026-02-01T00:00:00+00:00", "twice: 42"])
    run.expect_run_state("success")


def test_arguments_from_the_bundle(scene: Scene) -> None:
    """The bundle's `with dag:` block supplies the arguments."""
    run = scene.run("arguments")
    run.expect_end("load", "success")
    run.expect_xcom("load", "sales: uk 5.0 2.5")
    run.expect_run_state("success")


@pytest.mark.airflow_version("3.4", reason="Airflow 3.3 hands no arguments on to bundles")
def test_arguments_from_the_stub_dag(scene: Scene) -> None:
    """The stub Dag supplies the arguments."""
    run = scene.run("newer")
    run.expect_end("report", "success")
    run.expect_xcom("report", "europe: uk 2.5 2026 7")
    run.expect_run_state("success")


def test_variables(scene: Scene) -> None:
    """A task reads, writes and deletes variables."""
    run = scene.run("talks")
    run.expect_end("variables", "success")
    values = {"given": "by the API", "json": {"a": [1, 2]}, "missing": "fallback", "written": "by the task"}
    run.expect_xcom("variables", values)
    variables = {variable["key"]: variable for variable in scene.api.all("variables", "variables")}
    written = variables["e2e_written"]
    assert (written["value"], written["description"]) == ("by the task", "a description")
    assert "e2e_unwanted" not in variables


def test_connections(scene: Scene) -> None:
    """A task reads a connection; the log masks its password."""
    run = scene.run("talks")
    run.expect_end("connections", "success")
    run.expect_xcom("connections", ["postgres", "db.example.org", 5432, "reader", "ro"])
    assert run.record("connections", "the password is")["event"] == "the password is ***"
    assert run.record("connections", "the extra is")["token"] == MASK
    run.expect_masked("connections", "hunter2-hunter2", "key-in-extra")


def test_secrets(scene: Scene) -> None:
    """The log masks secrets in records, fields, printed lines and exceptions."""
    run = scene.run("talks")
    run.expect_end("secretive", "failed")
    assert run.record("secretive", "the word is")["word"] == "***"
    assert run.record("secretive", "printed: ")["event"] == "printed: ***"
    assert run.record("secretive", "the key is")["event"] == "the key is ***"
    assert _error(run, "secretive")[0]["exc_value"] == "nobody opens with ***"
    run.expect_masked("secretive", "open-sesame", "key-of-the-api")


def test_asset_event_starts_a_second_dag(scene: Scene) -> None:
    """An asset event of one Dag starts a run of another one."""
    run = scene.run("producer")
    run.expect_end("publish", "success")
    runs = scene.api.wait("run of consumer", lambda: scene.api.dag_runs("consumer"), DEADLINE_S)
    started = only("runs of consumer", runs)
    assert started["run_type"] == "asset_triggered"
    second = scene.existing_run("consumer", started["dag_run_id"])
    second.expect_end("read", "success")
    second.expect_xcom("read", {"triggered by": {"e2e_orders": 1}, "rows": [2]})
    # The API of 3.3.2 answers with 500 while the run of the event is still queued.
    event = only("events of producer", scene.api.asset_events(source_dag_id="producer"))
    assert event["extra"]["rows"] == 2


def _error(run: Run, task_id: str) -> list[dict[str, Any]]:
    """Return the structured exceptions of the first try, as the web page gets them."""
    details = [record["error_detail"] for record in run.records(task_id) if record.get("error_detail")]
    exceptions: list[dict[str, Any]] = only(f"exceptions in the log of {task_id}", details)
    assert all(isinstance(exception, dict) for exception in exceptions), exceptions
    return exceptions
