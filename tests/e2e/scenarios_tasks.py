"""Scenarios of tasks that run through: how they end, what runs after what, what they ask Airflow for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2e.scenarios import DEADLINE_S, Wrong, one, same, scenario

if TYPE_CHECKING:
    from e2e.scenarios import Run, Scene


@scenario("success")
def success(scene: Scene) -> None:
    run = scene.run("ends")
    run.ends("succeeds", "success")
    run.pushed("succeeds", {"rows": 3, "dag": "ends", "task": "succeeds", "run": run.run_id})
    record = run.says("succeeds", "counted")
    shown = {name: record.get(name) for name in ("level", "logger", "rows", "table")}
    same("the record", shown, {"level": "info", "logger": "ends.succeeds", "rows": 3, "table": "orders"})
    same("level of what is printed", run.says("succeeds", "printed by the task")["level"], "info")
    same("debug records", run.records("succeeds", "too quiet"), [])


@scenario("a retry, then success")
def retry(scene: Scene) -> None:
    run = scene.run("ends")
    run.ends("flaky", "success", tries=2)
    run.pushed("flaky", 2)
    error = _error(run, "flaky")[-1]
    same("the error", (error["exc_type"], error["exc_value"]), ("RuntimeError", "the first try fails"))
    same("errors in the second try", [each for each in run.records("flaky", tries=2) if "error_detail" in each], [])


@scenario("failure, its error with cause and frames")
def failure(scene: Scene) -> None:
    run = scene.run("ends")
    run.ends("fails", "failed")
    chain = [(error["exc_type"], error["exc_value"], error["is_cause"]) for error in _error(run, "fails")]
    same("the errors", chain, [("ValueError", "the order has no key", False), ("KeyError", "'key'", True)])
    for error in _error(run, "fails"):
        frame = error["frames"][-1]
        same("the frame", (frame["name"], frame["filename"].endswith("ends.py")), ("fails", True))
    run.pushed("fails", None)
    run.is_over("failed")


@scenario("failure at once, with tries left")
def gives_up(scene: Scene) -> None:
    run = scene.run("ends")
    run.ends("gives_up", "failed")
    run.says("gives_up", "Task failed")


@scenario("skip, and what comes after it")
def skip(scene: Scene) -> None:
    run = scene.run("ends")
    run.ends("skips", "skipped")
    run.ends("after_skip", "skipped", tries=0)


@scenario("branch")
def branch(scene: Scene) -> None:
    run = scene.run("graph")
    run.ends("joins", "success")
    run.ends("chooses", "success")
    run.ends("left", "success")
    run.ends("right", "skipped", tries=0)


@scenario("short circuit")
def short_circuit(scene: Scene) -> None:
    run = scene.run("graph")
    run.ends("is_needed", "success")
    run.ends("archive", "skipped", tries=0)


@scenario("mapped tasks")
def mapped(scene: Scene) -> None:
    run = scene.run("graph")
    run.ends("add", "success")
    run.pushed("add", 180)
    for index, (shop, count) in enumerate((("north", 50), ("south", 50), ("far east", 80))):
        instance = run.ends("load", "success", map_index=index)
        same("rendered map index", instance["rendered_map_index"], shop)
        run.pushed("load", count, map_index=index)
    run.is_over("success")


@scenario("XComs between a bundle and Python tasks, both ways")
def mixed(scene: Scene) -> None:
    run = scene.run("mixed")
    run.ends("pulls", "success")
    run.pushed("later", {"next day": "2026-02-01T00:00:00+00:00", "twice": 42})
    run.pushed("pulls", ["next day: 2026-02-01T00:00:00+00:00", "twice: 42"])
    run.is_over("success")


@scenario("arguments by the bundle's `with dag:` block")
def arguments(scene: Scene) -> None:
    run = scene.run("arguments")
    run.ends("load", "success")
    run.pushed("load", "sales: uk 5.0 2.5")
    run.is_over("success")


@scenario("arguments by the stub Dag", only="3.4", why="Airflow 3.3 hands no arguments on to bundles")
def stub_arguments(scene: Scene) -> None:
    run = scene.run("newer")
    run.ends("report", "success")
    run.pushed("report", "europe: uk 2.5 2026 7")
    run.is_over("success")


@scenario("variables, read and written")
def variables(scene: Scene) -> None:
    run = scene.run("talks")
    run.ends("variables", "success")
    wanted = {"given": "by the API", "json": {"a": [1, 2]}, "missing": "fallback", "written": "by the task"}
    run.pushed("variables", wanted)
    there = {each["key"]: each for each in scene.api.all("variables", "variables")}
    written = there["e2e_written"]
    same("the variable", (written["value"], written["description"]), ("by the task", "a description"))
    same("the deleted variable is there", "e2e_unwanted" in there, False)


@scenario("connections, the password masked")
def connections(scene: Scene) -> None:
    run = scene.run("talks")
    run.ends("connections", "success")
    run.pushed("connections", ["postgres", "db.example.org", 5432, "reader", "ro"])
    same("the record", run.says("connections", "the password is")["event"], "the password is ***")
    same("the field", run.says("connections", "the extra is")["token"], "***")
    run.hides("connections", "hunter2-hunter2", "key-in-extra")


@scenario("secrets, masked in records, fields, prints, errors")
def secrets(scene: Scene) -> None:
    run = scene.run("talks")
    run.ends("secretive", "failed")
    same("the record", run.says("secretive", "the word is")["word"], "***")
    same("the printed line", run.says("secretive", "printed: ")["event"], "printed: ***")
    same("the variable", run.says("secretive", "the key is")["event"], "the key is ***")
    same("the error", _error(run, "secretive")[0]["exc_value"], "nobody opens with ***")
    run.hides("secretive", "open-sesame", "key-of-the-api")


@scenario("an asset event that starts a second Dag")
def assets(scene: Scene) -> None:
    run = scene.run("producer")
    run.ends("publish", "success")
    found = scene.api.wait("run of consumer", lambda: scene.api.dag_runs("consumer"), DEADLINE_S)
    started = one("runs of consumer", found)
    same("what started it", started["run_type"], "asset_triggered")
    second = scene.known_run("consumer", started["dag_run_id"])
    second.ends("read", "success")
    second.pushed("read", {"triggered by": {"e2e_orders": 1}, "rows": [2]})
    # Not before: of an event whose run is still queued the API of 3.3.2 can say nothing, and answers with 500.
    event = one("events of producer", scene.api.asset_events(source_dag_id="producer"))
    same("extra of the event", event["extra"]["rows"], 2)


def _error(run: Run, task_id: str) -> list[dict[str, Any]]:
    """The structured errors of the first try, as the web page gets them."""
    found = [record["error_detail"] for record in run.records(task_id) if record.get("error_detail")]
    errors: list[dict[str, Any]] = one(f"errors in the log of {task_id}", found)
    if not all(isinstance(each, dict) for each in errors):
        raise Wrong(f"the error of {task_id} is not structured: {errors!r}")
    return errors
