"""Native Dags in a complete Airflow 3.4: bundle files in the Dags folder, without stub Dags."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from e2e.api import ApiError
from e2e.builds import DEMO
from e2e.rest import path_of
from e2e.scene import DEADLINE_S, only

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.scene import Run, Scene

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(400, func_only=True),
    pytest.mark.airflow_version("3.4", reason="Airflow 3.3 has no native Dags"),
]
BAD_REQUEST = 400
SMALL = "small34"


def test_dags_of_one_file(scene: Scene) -> None:
    """Airflow has all Dags of a file, which lies in the Dags folder under its own name, and no stub Dag for it."""
    dags = [dag for dag in scene.api.all("dags", "dags", exclude_stale="true") if dag["relative_fileloc"] == "native34"]
    sources = [module.read_text("utf-8") for module in (DEMO / "native34" / "native34").glob("*.py")]
    declared = re.findall(r'bundle\.dag\(\s*"(\w+)"', "".join(sources))
    assert sorted(dag["dag_id"] for dag in dags) == sorted(declared)
    assert {(dag["bundle_name"], dag["has_import_errors"]) for dag in dags} == {("dags", False)}
    assert {dag["fileloc"] for dag in dags} == {str(scene.world.dags / "native34")}


def test_xcoms_and_literal_arguments(scene: Scene) -> None:
    """Tasks get XComs and literals as arguments, also those that only the bundle can bind."""
    run = scene.run("native_values")
    run.expect_end("report", "success")
    run.expect_xcom("total", {"total": 60, "labels": {"shop": ["north", "south"]}})
    report = scene.api.xcom(run.dag_id, run.run_id, "report")
    assert (report["total"], report["when"]) == (60, [2026, 11])
    assert report["params"] == {"country": "uk", "limit": 5}
    run.expect_run_state("success")


def test_params_of_a_trigger(scene: Scene) -> None:
    """The conf of a trigger is merged with the defaults of the params, and Airflow checks it against their schemas."""
    run = scene.existing_run("native_values", scene.api.trigger("native_values", {"limit": 7}))
    run.expect_end("report", "success")
    assert scene.api.xcom(run.dag_id, run.run_id, "report")["params"] == {"country": "uk", "limit": 7}
    with pytest.raises(ApiError) as caught:
        scene.api.trigger("native_values", {"limit": 0})
    assert caught.value.status == BAD_REQUEST
    assert "limit" in str(caught.value)


def test_branch(scene: Scene) -> None:
    """A branch runs one of two tasks and skips the other."""
    run = scene.run("native_graph")
    run.expect_end("joins", "success")
    run.expect_end("left", "success")
    run.expect_end("right", "skipped", tries=0)


def test_mapped_tasks(scene: Scene) -> None:
    """Each instance of a mapped task gets its item, which Airflow does not send."""
    run = scene.run("native_graph")
    run.expect_end("add", "success")
    run.expect_xcom("add", 180)
    for index, (shop, count) in enumerate((("north", 50), ("south", 50), ("far east", 80))):
        instance = run.expect_end("shops.count", "success", map_index=index)
        assert instance["rendered_map_index"] == shop
        run.expect_xcom("shops.count", count, map_index=index)
    run.expect_run_state("success")


def test_structure(scene: Scene) -> None:
    """The web page gets the groups with their tooltips, and the edges with their labels."""
    structure = scene.api.get_ui("structure/structure_data", dag_id="native_graph")
    group = only("groups", [node for node in structure["nodes"] if node["children"]])
    assert (group["id"], group["tooltip"]) == ("shops", "one task instance for each shop")
    children = {child["id"]: child for child in group["children"]}
    assert {"shops.names", "shops.count"} <= set(children)
    assert children["shops.count"]["is_mapped"]
    labels = {(edge["source_id"], edge["target_id"]): edge["label"] for edge in structure["edges"] if edge["label"]}
    assert labels == {("chooses", "left"): "open", ("chooses", "right"): "closed"}


def test_setup_and_teardown(scene: Scene) -> None:
    """A teardown runs after a failed task, and the run fails."""
    run = scene.run("native_cluster")
    run.expect_end("delete", "success")
    run.expect_end("create", "success")
    run.expect_end("work", "failed")
    run.expect_xcom("delete", "cluster-1 is deleted")
    run.record("work", "Task failed with ValueError")
    run.expect_run_state("failed")


def test_retry(scene: Scene) -> None:
    """A failed task is retried and succeeds."""
    run = scene.run("native_ends")
    run.expect_end("flaky", "success", tries=2)
    run.expect_xcom("flaky", 2)


def test_retry_policy(scene: Scene) -> None:
    """A retry policy sets the delay of the next try, or fails the task at once."""
    run = scene.run("native_ends")
    run.expect_end("decides", "success", tries=2)
    run.expect_end("refuses", "failed")


def test_ends(scene: Scene) -> None:
    """A task fails without another try, a skipped task skips the next one, and a short circuit skips what follows."""
    run = scene.run("native_ends")
    run.expect_end("gives_up", "failed")
    run.expect_end("skips", "skipped")
    run.expect_end("after_skip", "skipped", tries=0)
    run.expect_end("is_needed", "success")
    run.expect_end("archive", "skipped", tries=0)


def test_deferral(scene: Scene) -> None:
    """A task defers to the triggerer and resumes."""
    run = scene.run("native_waits")
    run.expect_end("defers", "success")
    pushed = scene.api.xcom(run.dag_id, run.run_id, "defers")
    assert (pushed["rows"], pushed["try"], pushed["event"][:2]) == ([1, 2], 1, "20")


def test_reschedule(scene: Scene) -> None:
    """A task reschedules itself until a variable is there."""
    run = scene.run("native_waits")
    run.wait_for_state("reschedules", {"up_for_reschedule"})
    scene.api.set_variable("e2e_native_arrived", "at last")
    run.expect_end("reschedules", "success")
    run.expect_xcom("reschedules", "at last")


@pytest.mark.parametrize(
    ("dag_id", "events"),
    [("native_any", {"native_orders": 1}), ("native_both", {"native_orders": 1, "native_prices": 1})],
)
def test_asset_events_start_dags(scene: Scene, dag_id: str, events: dict[str, int]) -> None:
    """Events of any of two assets, or of both, start a Dag, whose task reads them."""
    producer = scene.run("native_producer")
    producer.expect_end("publish_prices", "success")
    run = _only_run(scene, dag_id, "asset_triggered")
    run.expect_end("read", "success")
    run.expect_xcom("read", {"triggered by": events, "orders": [2]})


@pytest.mark.parametrize(("dag_id", "at_least"), [("native_ticks", 2), ("native_cron", 1), ("native_always", 2)])
def test_schedule(scene: Scene, dag_id: str, at_least: int) -> None:
    """Airflow starts runs by an interval, by a cron expression, and one after the other."""
    scene.api.unpause(dag_id)
    runs = scene.api.wait(f"{at_least} runs of {dag_id}", lambda: _successes(scene, dag_id, at_least), DEADLINE_S)
    scene.api.pause(dag_id)
    assert {run["run_type"] for run in runs} == {"scheduled"}
    scene.existing_run(dag_id, runs[0]["dag_run_id"]).expect_xcom("run_type", "scheduled")


def test_schedule_once(scene: Scene) -> None:
    """Airflow starts one run."""
    scene.api.unpause("native_once")
    run = _only_run(scene, "native_once", "scheduled")
    run.expect_end("run_type", "success")
    assert len(scene.api.dag_runs("native_once")) == 1


@pytest.mark.parametrize(
    ("dag_id", "file"),
    [
        ("native_values", "native34/native34/values.py"),
        ("native_any", "native34/native34/assets.py"),
        ("options", "native34/native34/options.py"),
    ],
)
def test_source(scene: Scene, dag_id: str, file: str) -> None:
    """The web page shows the source of the module that contains the Dag."""
    source = scene.api.get(path_of("dagSources", dag_id))
    assert source["content"] == (DEMO / file).read_text("utf-8")


def test_new_version_of_a_file(scene: Scene) -> None:
    """A new version of the file is a new version of the Dag. Earlier runs keep theirs."""
    first = scene.run(SMALL)
    first.expect_end("version", "success")
    _put(scene.world.spares / f"{SMALL}-2", scene.world.dags / SMALL)
    scene.api.wait("the Dag of the new file", lambda: _details(scene)["description"] == "version 2", DEADLINE_S)
    second = scene.new_run(SMALL)
    second.expect_end("version", "success")
    second.expect_run_state("success")
    for run, number in ((first, 1), (second, 2)):
        run.expect_xcom("version", number)
        assert only("task instances", run.instances("version"))["dag_version"]["version_number"] == number
        source = scene.api.get(path_of("dagSources", SMALL), version_number=number)["content"]
        assert f"\nVERSION = {number}\n" in source


def test_damaged_file_leaves_the_others_alone(scene: Scene) -> None:
    """A damaged file has an import error of its own. The Dags of the other files stay active, and run."""
    error = scene.api.wait("import error", lambda: scene.api.import_errors().get("tampered34"), DEADLINE_S)
    assert re.search(r"Cannot start the Lang-SDK runtime: .* binary SHA-256 does not match its trailer", error)
    assert {"native_values", "options", SMALL, "small", "ends"} <= scene.api.dag_ids()
    assert _details(scene)["relative_fileloc"] == SMALL
    run = scene.new_run("native_values")
    run.expect_run_state("success")


def test_from_a_stub_dag_to_a_native_dag_and_back(scene: Scene) -> None:
    """A paused Dag moves from its Dag file to the bundle file and back. It keeps its runs, and no run fails."""
    dags = scene.world.dags
    earlier = scene.new_run("small")
    earlier.expect_run_state("success")
    scene.api.pause("small")
    dag_file = (dags / "small.py").rename(dags / "small.txt")
    _put(scene.world.spares / "native-small", dags / "small")
    _wait_for_file(scene, "small")
    scene.api.unpause("small")
    native = scene.new_run("small")
    native.expect_run_state("success")
    assert "VERSION = 1" in scene.api.get(path_of("dagSources", "small"))["content"]
    scene.api.pause("small")
    (dags / "small").unlink()
    dag_file.rename(dags / "small.py")
    _wait_for_file(scene, "small.py")
    scene.api.unpause("small")
    later = scene.new_run("small")
    later.expect_run_state("success")
    states = {run["dag_run_id"]: run["state"] for run in scene.api.dag_runs("small")}
    assert {states[run.run_id] for run in (earlier, native, later)} == {"success"}
    assert set(states.values()) == {"success"}


def _put(file: Path, target: Path) -> None:
    """Copy a file under a hidden name, then rename it, as the documentation says."""
    copied = target.with_name(f".{target.name}")
    shutil.copy(file, copied)
    copied.rename(target)


def _wait_for_file(scene: Scene, name: str) -> None:
    """Wait until the Dag `small` comes from a file."""

    def is_there() -> bool:
        dag = _details(scene, "small")
        return dag["relative_fileloc"] == name and not dag["is_stale"]

    scene.api.wait(f"Dag small of {name}", is_there, DEADLINE_S)


def _details(scene: Scene, dag_id: str = SMALL) -> Any:
    return scene.api.get(path_of("dags", dag_id, "details"))


def _only_run(scene: Scene, dag_id: str, run_type: str) -> Run:
    """Wait for the run that Airflow starts by itself."""
    runs = scene.api.wait(f"run of {dag_id}", lambda: scene.api.dag_runs(dag_id), DEADLINE_S)
    started = only(f"runs of {dag_id}", runs)
    assert started["run_type"] == run_type
    return scene.existing_run(dag_id, started["dag_run_id"])


def _successes(scene: Scene, dag_id: str, at_least: int) -> list[dict[str, Any]] | None:
    """The successful runs of a Dag, if there are enough of them."""
    runs = [run for run in scene.api.dag_runs(dag_id) if run["state"] == "success"]
    return runs if len(runs) >= at_least else None
