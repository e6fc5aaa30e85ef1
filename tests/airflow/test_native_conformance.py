"""The rows of Airflow's conformance list about Dags in a bundle file, with Airflow's Dag processor and supervisor.

The Dag processor reads a folder with one frozen bundle file, and stores its Dags. Then the supervisor runs their tasks
from the same file, with the arguments that Airflow's API server would send.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.blocks import ROOT
from support.tool import run_tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Answer, Supervisor  # type: ignore[import-not-found,unused-ignore]

DEADLINE_S = 100
READER = Path(__file__).parent / "read_native_dags.py"
FILE = "native"
COORDINATOR = {"classpath": "airflow.sdk.coordinators.executable.ExecutableCoordinator", "kwargs": {}}
#: The runs that the scheduler starts: two with other params than the defaults, and one with a result to map over.
RUNS = [
    {"dag_id": "native_orders", "conf": {"limit": 3}},
    {"dag_id": "native_orders", "conf": {"limit": 0}},
    {"dag_id": "native_mapped", "results": {"lists": ["a", "b"]}},
]
EVENTS = [["native-sales"], ["native-stock"]]


@pytest.fixture(scope="session")
def airflow(supervisor: Supervisor, demo_bundles: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an Airflow has after its Dag processor has read a folder with the bundle file: see read_native_dags.py.

    The tests are skipped if this Airflow does not read Dags from bundle files.
    """
    if not supervisor.can("3.4"):
        pytest.skip(f"this Airflow is {supervisor.version}; the first that reads Dags from bundle files is 3.4")
    home = tmp_path_factory.mktemp("home")
    (home / "dags").mkdir()
    shutil.copy(demo_bundles / FILE, home / "dags" / FILE)
    variables = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__SDK__COORDINATORS": json.dumps({"dagfloe": COORDINATOR}),
        "AIRFLOW__SDK__QUEUE_TO_COORDINATOR": json.dumps({"dagfloe": "dagfloe"}),
        "HOME": str(home),
        "PATH": os.environ["PATH"],
    }
    command = [os.environ["DAGFLOE_AIRFLOW_PYTHON"], str(READER), json.dumps({"runs": RUNS, "events": EVENTS})]
    ended = subprocess.run(command, capture_output=True, text=True, env=variables, timeout=DEADLINE_S, check=False)
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    assert answer["errors"] == {}
    return answer


@pytest.fixture
def run(supervisor: Supervisor, demo_bundles: Path, airflow: dict[str, Any]) -> Callable[..., Answer]:
    """Return a function that runs a task with the bundle file that Airflow read, and with Airflow's arguments."""

    def run(dag_id: str, task_id: str, **request: Any) -> Answer:
        dag = airflow["dags"][dag_id]
        context = {"arg_bindings": dag["tasks"][task_id]["bindings"]}
        return supervisor.run(demo_bundles, dag_id, task_id, dag_file=dag["file"], ti_context=context, **request)

    return run


@pytest.mark.dimension("native-dag-authoring")
def test_native_dags(
    airflow: dict[str, Any], run: Callable[..., Answer], supervisor: Supervisor, demo_bundles: Path
) -> None:
    """Airflow has the Dags of the file with their declarations and source. Only this file runs the tasks."""
    source = (ROOT / "tests" / "demo" / "native" / "native.py").read_text("utf-8")
    for dag in airflow["dags"].values():
        assert (dag["file"], dag["is_stale"], dag["source"]) == (FILE, False, source)
        assert {task["queue"] for task in dag["tasks"].values()} == {"dagfloe"}
    orders = airflow["dags"]["native_orders"]
    assert (orders["tags"], orders["description"]) == (["demo"], "Counts orders")
    assert orders["next_run"].endswith("T00:00:00+00:00")
    assert run("native_orders", "extract").returned("extract") == [1, 2]
    gone = supervisor.run(demo_bundles, "native_orders", "extract", dag_file="gone")
    assert "Dag file 'gone' is not a file in Dag bundle" in gone.raw["error"]


@pytest.mark.dimension("task-args")
def test_arguments(airflow: dict[str, Any], run: Callable[..., Answer]) -> None:
    """The API server has a task's literals and XComs. The task gets them, converted to its annotations."""
    bindings = airflow["dags"]["native_orders"]["tasks"]["scale"]["bindings"]
    assert [(binding["name"], binding["kind"]) for binding in bindings] == [("rows", "xcom"), ("factor", "literal")]
    assert (bindings[0]["task_id"], bindings[1]["value"]) == ("extract", 10)
    answer = run("native_orders", "scale", xcoms={"extract/return_value": [1, 2]})
    assert answer.returned("scale") == [10, 20]
    wrong = run("native_orders", "scale", xcoms={"extract/return_value": ["one"]})
    assert wrong.states == ["failed"]
    assert "parameter 'rows' expects int at $[0] and got str" in str(wrong.record("BindingError"))


@pytest.mark.dimension("dag-params")
def test_params(airflow: dict[str, Any], run: Callable[..., Answer]) -> None:
    """Airflow has the defaults and checks a run's conf against the schemas. The task gets the merged params."""
    assert airflow["dags"]["native_orders"]["params"] == {"limit": 2, "region": "north"}
    accepted, refused, _ = airflow["runs"]
    assert "error" not in accepted
    assert "0 is less than the minimum of 1" in refused["error"]
    answer = run("native_orders", "extract", conf={"limit": 3})
    assert answer.returned("extract") == [1, 2, 3]
    written = run("native_orders", "store.files.write", conf={"limit": 3}, xcoms={"scale/return_value": [10, 20, 30]})
    assert written.returned("store.files.write") == "north: 60"


@pytest.mark.dimension("taskflow-dependencies")
def test_dependencies(airflow: dict[str, Any], run: Callable[..., Answer]) -> None:
    """The calls make the edges, and the value that a task returns reaches the next task."""
    tasks = airflow["dags"]["native_orders"]["tasks"]
    assert {task_id: task["downstream"] for task_id, task in tasks.items()} == {
        "extract": ["scale"],
        "scale": ["store.files.write"],
        "store.files.write": ["store.check"],
        "store.check": [],
    }
    xcoms: dict[str, Any] = {}
    for task_id in ("extract", "scale", "store.files.write"):
        answer = run("native_orders", task_id, xcoms=xcoms)
        assert answer.states == ["success"]
        xcoms = answer.xcoms
    assert xcoms["store.files.write/return_value"] == "north: 30"


@pytest.mark.dimension("branching")
def test_branching(airflow: dict[str, Any], run: Callable[..., Answer]) -> None:
    """The API skips the task that the branch did not choose, and not the task after both."""
    tasks = airflow["dags"]["native_choices"]["tasks"]
    assert (tasks["chooses"]["downstream"], tasks["left"]["downstream"]) == (["left", "right"], ["joins"])
    answer = run("native_choices", "chooses")
    assert answer.returned("chooses") == "left"
    assert answer.call("PATCH", "/skip-downstream")["body"]["tasks"] == ["right"]


@pytest.mark.dimension("dag-test")
def test_dag_test(airflow: dict[str, Any], demo_bundles: Path) -> None:
    """`dagfloe run` runs the whole Dag from the file, with params. Airflow's own command refuses the Dag."""
    output = run_tool("run", str(demo_bundles / FILE), "--dag", "native_orders", "--param", "limit=3", "--quiet")
    states = dict(re.findall(r"^(\S+) +(\S+) +1 ", output, re.MULTILINE))
    assert states == dict.fromkeys(airflow["dags"]["native_orders"]["tasks"], "success")
    assert "north: 60" in output
    assert "'native_orders' could not be found" in airflow["dags_test"]


@pytest.mark.dimension("task-group")
def test_groups(airflow: dict[str, Any], run: Callable[..., Answer]) -> None:
    """Airflow has the groups with their tasks. A task in a group runs."""
    files = {"tooltip": "", "groups": {}, "tasks": ["store.files.write"]}
    assert airflow["dags"]["native_orders"]["group"] == {
        "tooltip": "",
        "groups": {"store": {"tooltip": "Files", "groups": {"store.files": files}, "tasks": ["store.check"]}},
        "tasks": ["extract", "scale"],
    }
    assert run("native_orders", "store.check").states == ["success"]


@pytest.mark.dimension("dynamic-task-mapping")
def test_mapping(airflow: dict[str, Any], run: Callable[..., Answer]) -> None:
    """Airflow makes a task instance for each item of a list, or of an XCom. Each instance gets its item."""
    *_, expanded = airflow["runs"]
    assert expanded["instances"] == [
        ["lists", -1],
        *(["over_a_list", index] for index in range(3)),
        *(["over_an_xcom", index] for index in range(2)),
    ]
    assert run("native_mapped", "lists").call("POST", "lists/return_value")["query"]["mapped_length"] == "2"
    assert run("native_mapped", "over_a_list", map_index=2).returned("over_a_list") == 6
    answer = run("native_mapped", "over_an_xcom", map_index=1, xcoms={"lists/return_value": ["a", "b"]})
    assert answer.returned("over_an_xcom") == "bb"


@pytest.mark.dimension("asset-inlets-outlets")
def test_inlets_and_outlets(airflow: dict[str, Any], run: Callable[..., Answer]) -> None:
    """Airflow has the assets that a task reads and changes. The API receives the event with its extra."""
    assert airflow["inlets"] == [["native_producer", "sells", "native-stock"]]
    assert airflow["outlets"] == [["native_producer", "sells", "native-sales"]]
    body = run("native_producer", "sells").call("PATCH", "/state")["body"]
    assert [(outlet["name"], outlet["type"]) for outlet in body["task_outlets"]] == [("native-sales", "Asset")]
    (event,) = body["outlet_events"]
    assert (event["dest_asset_key"]["name"], event["extra"]) == ("native-sales", {"rows": 3})


@pytest.mark.dimension("asset-scheduling")
def test_asset_schedules(airflow: dict[str, Any], run: Callable[..., Answer]) -> None:
    """After an event of one asset, the Dag that waits for any is due; after both, also the Dag that waits for all."""
    assert airflow["schedules"] == [
        [dag_id, name] for dag_id in ("native_all", "native_any") for name in ("native-sales", "native-stock")
    ]
    assert airflow["due"] == [["native_any"], ["native_all", "native_any"]]
    assert run("native_any", "reads").states == ["success"]


@pytest.mark.dimension("asset-definition")
def test_assets(airflow: dict[str, Any]) -> None:
    """Airflow has the assets that the Dags use."""
    assert airflow["assets"] == {
        "native-sales": {
            "uri": "s3://bucket/native/sales",
            "group": "shop",
            "extra": {"owner": "ann"},
            "is_active": True,
        },
        "native-stock": {"uri": "s3://bucket/native/stock", "group": "asset", "extra": {}, "is_active": True},
    }
