"""Stub Dags in the real Airflow: generated files and the loader create the Dags that authors declare."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from dagfloe import Asset, AssetAlias, AssetAll, AssetAny, Bundle
from dagfloe.format.manifest import render_manifest
from dagfloe.format.trailer import Trailer
from dagfloe.stub.dag_file import render_stub
from support.declarations import dag_declarations
from support.stub_dags import (
    PYTHON_VARIABLE,
    DagsFolder,
    complete_bundle,
    metadata,
    optional_bundle,
    read_dags,
    small_bundle,
    write_bundle,
)

if TYPE_CHECKING:
    from pathlib import Path

    from dagfloe import Dag, Task
    from dagfloe.authoring.references import XComArg

LOADER = "from dagfloe.airflow import load_bundles\n\nload_bundles(globals(){})\n"


def seconds(value: Any) -> Any:
    """Convert a timedelta to seconds."""
    return value.total_seconds() if isinstance(value, timedelta) else value


def describe(asset: Any) -> dict[str, Any]:
    """Describe an asset of dagfloe like read_dags.py describes one of Airflow."""
    if isinstance(asset, (AssetAll, AssetAny)):
        return {type(asset).__name__: [describe(item) for item in asset.objects]}
    if isinstance(asset, AssetAlias):
        return {"alias": asset.name, "group": asset.group}
    names = ("name", "uri", "group", "extra") if isinstance(asset, Asset) else ("name", "uri")
    return {name: value for name in names if (value := getattr(asset, name)) is not None}


def later(*dates: datetime | None) -> str | None:
    """The last of the dates, in UTC."""
    aware = [date if date.tzinfo else date.replace(tzinfo=timezone.utc) for date in dates if date]
    return max(aware).astimezone(timezone.utc).isoformat() if aware else None


def earlier(*dates: datetime | None) -> str | None:
    """The first of the dates, in UTC."""
    aware = [date if date.tzinfo else date.replace(tzinfo=timezone.utc) for date in dates if date]
    return min(aware).astimezone(timezone.utc).isoformat() if aware else None


def assert_task(actual: dict[str, Any], task: Task, plain: dict[str, Any]) -> None:
    """Compare a task in Airflow with the author's; `plain` is a task in Airflow that declares nothing."""
    dag = task.dag
    declared: dict[str, Any] = {name: seconds(value) for name, value in task.declared.items()}
    if task.execution_timeout_s is not None:
        declared["execution_timeout"] = task.execution_timeout_s
    expected = {**plain, "queue": "dagfloe", **declared}
    if task.kind == "teardown":
        expected["trigger_rule"] = "all_done_setup_success"
    if task.declared.get("wait_for_downstream"):
        expected["depends_on_past"] = True
    dates: dict[str, Any] = task.declared
    expected |= {
        "end_date": earlier(dates.get("end_date"), dag.declared.get("end_date")),
        "group": task.group,
        "is_setup": task.kind == "setup",
        "is_teardown": task.kind == "teardown",
        "multiple_outputs": task.multiple_outputs,
        "on_failure_fail_dagrun": task.on_failure_fail_dagrun,
        "start_date": later(dates.get("start_date"), dag.declared.get("start_date")),
        "task_display_name": task.declared.get("task_display_name", task.task_id),
        "inlets": [describe(inlet) for inlet in task.inlets],
        "is_stub": True,
        "mapped": task.mapped
        and [
            {"length": len(value)} if isinstance(value, list) else {"xcom": cast("XComArg", value).task_id}
            for _, value in sorted(task.mapped.items())
        ],
        "outlets": [describe(outlet) for outlet in task.outlets],
        "upstream": sorted(task_id for task_id in dag.tasks if task.task_id in dag.downstream_of(task_id)),
    }
    assert actual == expected


def assert_dag(actual: dict[str, Any], dag: Dag) -> None:
    """Compare a Dag in Airflow with the author's."""
    for name in set(actual) & set(dag.declared) - {"deadline", "end_date", "param_schemas", "schedule", "start_date"}:
        value = sorted(dag.declared[name]) if name == "tags" else seconds(dag.declared[name])
        assert actual[name] == value, name
    for name in ("start_date", "end_date"):
        date = dag.declared.get(name)
        assert (datetime.fromisoformat(actual[name]) if actual[name] else None) == date
    assert actual["edge_info"] == {
        upstream: {downstream: {"label": label} for downstream, label in labels.items()}
        for upstream, labels in dag.edge_labels.items()
    }
    defaults = {"doc_md": None, "group_display_name": "", "tooltip": "", "ui_color": "CornflowerBlue"}
    assert actual["groups"] == {
        group_id: {**defaults, "ui_fgcolor": "#000", **group.declared} for group_id, group in dag.groups.items()
    }
    assert list(actual["tasks"]) != []
    assert actual["tasks"].keys() == dag.tasks.keys()


@pytest.fixture(params=["generated", "loaded"])
def source(request: pytest.FixtureRequest) -> str:
    """Whether a generated stub or the loader creates the Dags."""
    return str(request.param)


def read_bundle(folder: Path, bundle: Bundle, source: str) -> DagsFolder:
    """Read the Dags of a bundle in Airflow."""
    path = write_bundle(folder / "bundles" / "deeper" / "shop", bundle)
    dag_file = render_stub(metadata(bundle)) if source == "generated" else LOADER.format(f", {str(path.parents[1])!r}")
    result = read_dags(folder, dag_file, path.parents[1])
    assert (result.errors, result.warnings) == ([], [])
    assert all(dag["runs"] == str(path) for dag in result.dags.values())
    return result


def test_everything(tmp_path: Path, source: str) -> None:
    """Airflow has the edges, schedules, retries, pools, groups, mappings and assets that the author declared."""
    bundle = complete_bundle()
    small_bundle("plain", bundle)
    result = read_bundle(tmp_path, bundle, source)
    dag = bundle.dags["everything"]
    assert_dag(result.dags["everything"], dag)
    assert result.dags["everything"]["schedule"] == {"assets": [describe(asset) for asset in dag.declared["schedule"]]}
    assert result.dags["everything"]["timezone"] == "Europe/Berlin"
    for task in dag.tasks.values():
        assert_task(result.dags["everything"]["tasks"][task.task_id], task, result.dags["plain"]["tasks"]["only"])


def test_every_option(tmp_path: Path, source: str) -> None:
    """Airflow has conditions of assets, params, labels, setups, deadlines and all other options, too."""
    bundle = optional_bundle()
    small_bundle("plain", bundle)
    result = read_bundle(tmp_path, bundle, source)
    dag = bundle.dags["options"]
    actual = result.dags["options"]
    assert_dag(actual, dag)
    assert actual["schedule"] == describe(dag.declared["schedule"])
    for task in dag.tasks.values():
        assert_task(actual["tasks"][task.task_id], task, result.dags["plain"]["tasks"]["only"])
    assert actual["param_schemas"] == {
        "day": {"description": None, "schema": {"type": "string", "format": "date"}},
        "limit": {"description": "How many", "schema": {"type": "integer", "minimum": 1}},
        "odd": {"description": None, "schema": {"$comment": "it", "default": 3}},
        "plain": {"description": None, "schema": {}},
    }
    queue = {} if ".venvs/airflow-3.3" in os.environ[PYTHON_VARIABLE] else {"queue": None}
    callback = {"class": "AsyncCallback", "path": "alerts.late", "kwargs": {"channel": ["ops"]}, **queue}
    assert actual["deadline"] == [
        {
            "reference": {"reference_type": "DagRunQueuedAtDeadline"},
            "interval": 3600.0,
            "callback": callback,
            "name": "late",
        },
        {
            "reference": {"reference_type": "FixedDatetimeDeadline", "datetime": 1767225600.0},
            "interval": "limit",
            "callback": {"class": "SyncCallback", "path": "a.b", "kwargs": {}, "executor": "LocalExecutor"},
            "name": None,
        },
        {
            "reference": {"reference_type": "AverageRuntimeDeadline", "max_runs": 5, "min_runs": 2},
            "interval": -60.0,
            "callback": {**callback, "kwargs": {}},
            "name": None,
        },
        {
            "reference": {"reference_type": "DagRunLogicalDateDeadline"},
            "interval": 60.0,
            "callback": {**callback, "kwargs": {}},
            "name": None,
        },
    ]


def draw_declarations(count: int) -> list[dict[str, Any]]:
    """Declarations of Dags with any options."""
    drawn: list[dict[str, Any]] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(dag_declarations())
    def collect(declared: dict[str, Any]) -> None:
        drawn.append(declared)

    collect()
    return drawn


def test_any_declaration(tmp_path: Path) -> None:
    """Airflow accepts the stub of whatever a bundle declares, without an error and without a warning."""
    document = metadata(Bundle())
    has_queues = ".venvs/airflow-3.3" not in os.environ[PYTHON_VARIABLE]
    if has_queues:
        document["sdk"]["supervisor_schema_version"] = "2026-10-30"
    for number, declared in enumerate(draw_declarations(100)):
        declared.pop("access_control", None)  # see test_permissions
        for task in declared["tasks"].values():
            task.pop("executor", None)  # this Airflow has only some executors
        for deadline in declared.get("deadline", ()):
            if not has_queues:
                deadline.pop("queue", None)
        document["dags"][f"dag{number}"] = {"tasks": list(declared["tasks"]), "declaration": declared}
    result = read_dags(tmp_path, render_stub(document))
    assert (result.errors, result.warnings) == ([], [])
    assert result.dags.keys() == document["dags"].keys()
    for dag_id, dag in result.dags.items():
        declared = document["dags"][dag_id]["declaration"]
        assert dag["tasks"].keys() == declared["tasks"].keys()
        for task_id, task in declared["tasks"].items():
            assert dag["tasks"][task_id]["upstream"] == sorted(task.get("upstream", ()))
            assert dag["tasks"][task_id]["is_setup"] == (task.get("kind") == "setup")
        assert dag["params"] == {
            **dict.fromkeys(declared.get("param_schemas", {})),
            **declared.get("params", {}),
        }


def test_permissions(tmp_path: Path) -> None:
    """Airflow has the permissions, and warns of them: only one of its auth managers reads them."""
    bundle = small_bundle("d", access_control={"ops": {"can_read"}})
    result = read_dags(tmp_path, render_stub(metadata(bundle)))
    assert result.errors == []
    assert result.dags["d"]["access_control"] == {"ops": {"DAGs": ["can_read"]}}
    (warning,) = result.warnings
    assert "deprecated" in warning


@pytest.mark.parametrize(
    ("offset", "zone"),
    [(timedelta(hours=5, minutes=30), "(19800,"), (timedelta(hours=-5), "(-18000,"), (timedelta(), "UTC")],
)
def test_offsets(tmp_path: Path, offset: timedelta, zone: str) -> None:
    """A cron schedule counts in the time zone of its start_date, also if that is only an offset."""
    start = datetime(2026, 1, 1, tzinfo=timezone(offset))
    result = read_bundle(tmp_path, small_bundle("d", schedule="0 4 * * *", start_date=start), "generated")
    assert zone in result.dags["d"]["timezone"]


@pytest.mark.parametrize(("schedule", "expected"), [(None, None), ("@daily", "@daily"), (timedelta(hours=6), 21600.0)])
def test_schedules(tmp_path: Path, schedule: Any, expected: Any) -> None:
    """A schedule is a cron expression, a timedelta, or None."""
    bundle = small_bundle("d", schedule=schedule, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc))
    result = read_bundle(tmp_path, bundle, "generated")
    assert result.dags["d"]["schedule"] == expected
    assert result.dags["d"]["start_date"] == "2026-01-01T00:00:00+00:00"


HAZARDS = ["self_", "queue", "executor", "task_id", "dag", "params", "ds", "pool", "retries", "item", "task", "list"]


def test_names_of_mapped_parameters(tmp_path: Path) -> None:
    """A mapped parameter may have a name that Airflow reserves."""
    bundle = Bundle()
    dag = bundle.dag("d")
    namespace: dict[str, Any] = {}
    for name in HAZARDS:
        exec(f"def {name}_mapped({name}): ...", namespace)  # noqa: S102 - functions of these signatures
        task = dag.task(namespace[f"{name}_mapped"])
        with dag:
            task.expand(**{name: [1, 2]})
    result = read_bundle(tmp_path, bundle, "generated")
    assert [task["mapped"] for task in result.dags["d"]["tasks"].values()] == [[{"length": 2}]] * len(HAZARDS)


@pytest.mark.parametrize(
    ("name", "edges"),
    [
        ("hello", {"greet": [], "count": ["greet"]}),
        ("weather", {"extract": [], "aggregate": ["extract"], "load": ["aggregate"]}),
    ],
)
def test_examples(tmp_path: Path, dist: Path, name: str, edges: dict[str, list[str]]) -> None:
    """The files of the example bundles contain their Dags with their edges."""
    result = read_dags(tmp_path, LOADER.format(f", {str(dist / name)!r}"), dist / name)
    assert (result.errors, result.warnings) == ([], [])
    tasks = result.dags[name]["tasks"]
    assert {task_id: task["upstream"] for task_id, task in tasks.items()} == edges
    assert {task["queue"] for task in tasks.values()} == {"dagfloe"}


def test_bad_files(tmp_path: Path) -> None:
    """Damaged files, a file for another Airflow and invalid Dags cause warnings; the other Dags are loaded."""
    root = tmp_path / "bundles"
    write_bundle(root / "good", small_bundle("good"))
    damaged = write_bundle(root / "damaged", small_bundle("damaged"))
    damaged.write_bytes(b"?" + damaged.read_bytes()[1:])
    cut = write_bundle(root / "cut", small_bundle("cut"))
    cut.write_bytes(cut.read_bytes()[20:])
    write_bundle(root / "newer", small_bundle("newer"), schema_version="2031-01-01")
    write_bundle(root / "cron", small_bundle("cron", schedule="61 * * * *"))
    halfway = complete_bundle()
    halfway.dags["everything"].tasks["class"].declared["trigger_rule"] = "never"
    write_bundle(root / "halfway", halfway)
    (root / "script").write_text("#!/bin/sh\n", "utf-8")
    (root / "script").chmod(0o755)
    (root / "loop").symlink_to(root)
    result = read_dags(tmp_path, LOADER.format(f", {str(root)!r}"))
    assert result.errors == []
    assert list(result.dags) == ["good"]
    warnings = sorted(line.partition("BundleWarning: ")[2].removeprefix(str(root)) for line in result.warnings)
    assert [warning.partition(":")[0] for warning in warnings] == ["/cron", "/cut", "/damaged", "/halfway", "/newer"]
    assert "Airflow refuses its Dag 'cron'" in warnings[0]
    assert "the executable is damaged" in warnings[2]
    assert "built for another Airflow, with the supervisor's schema 2031-01-01" in warnings[4]
    checked = read_dags(tmp_path, LOADER.replace("load_", "check_").format(f", {str(root)!r}"))
    assert checked.dags == {}
    (error,) = checked.errors
    assert all(warning.partition(": ")[2] in error for warning in warnings)


def test_options(tmp_path: Path) -> None:
    """The loader can put all tasks on one queue, and skip the check of digests."""
    damaged = write_bundle(tmp_path / "bundles" / "b", small_bundle("d"))
    damaged.write_bytes(b"?" + damaged.read_bytes()[1:])
    result = read_dags(tmp_path, LOADER.format(f", {str(damaged)!r}, queue='special', verify=False"))
    assert (result.errors, result.warnings) == ([], [])
    assert result.dags["d"]["tasks"]["only"]["queue"] == "special"


def test_two_files_with_one_dag(tmp_path: Path) -> None:
    """The loader takes the Dag from the file that Airflow's coordinator runs, and warns about the other files."""
    root = tmp_path / "bundles"
    for name in "abcdef":
        write_bundle(root / name, small_bundle("d", description=str(root / name)))
    result = read_dags(tmp_path, LOADER.format(f", {str(root)!r}"), root)
    assert result.dags["d"]["description"] == result.dags["d"]["runs"]
    assert len(result.warnings) == 5
    assert all(f"its Dag 'd' is also in {result.dags['d']['runs']}, which" in warning for warning in result.warnings)


def test_other_sdk_and_mode(tmp_path: Path, dist: Path) -> None:
    """Tasks of another SDK's bundle have no edges; from Airflow 3.4 on, a file need not be executable."""
    root = tmp_path / "bundles"
    manifest = metadata(small_bundle("quiet"))
    go_manifest = {
        **manifest,
        "sdk": {**manifest["sdk"], "language": "go", "name": "go"},
        "dags": {"orders": {"tasks": ["a", "b"]}},
    }
    del go_manifest["bundle"]
    data = render_manifest(go_manifest)
    path = write_bundle(root / "go", small_bundle("go"))
    path.write_bytes(b"#!/bin/sh\n" + data + Trailer(0, len(data), hashlib.sha256(b"#!/bin/sh\n").digest()).pack())
    write_bundle(root / "unset", small_bundle("unset")).chmod(0o644)
    result = read_dags(tmp_path, LOADER.format(f", {str(root)!r}"))
    assert result.errors == []
    assert [task["upstream"] for task in result.dags["orders"]["tasks"].values()] == [[], []]
    is_old = ".venvs/airflow-3.3" in os.environ[PYTHON_VARIABLE]
    assert sorted(result.dags) == (["orders"] if is_old else ["orders", "unset"])


def test_native_dags(tmp_path: Path) -> None:
    """The loader leaves out native Dags, which Airflow gets from the file itself."""
    bundle = small_bundle("native")
    small_bundle("other", bundle)
    write_bundle(tmp_path / "bundles" / "shop", bundle, native_dags=("native",))
    result = read_dags(tmp_path, LOADER.format(f", {str(tmp_path / 'bundles')!r}"))
    assert (list(result.dags), result.errors, result.warnings) == (["other"], [], [])


def test_configured_folder(tmp_path: Path) -> None:
    """Without an argument the loader reads the coordinators' folders; if no coordinator is configured, it fails."""
    bundle = write_bundle(tmp_path / "bundles" / "b", small_bundle("d"))
    spec = {"classpath": "airflow.sdk.coordinators.executable.ExecutableCoordinator"}
    in_folder = {**spec, "kwargs": {"executables_root": [str(bundle.parent)]}}
    in_dag_bundle = {**spec, "kwargs": {"task_handler_bundle_name": "handlers"}}
    dag_bundles = [
        {
            "name": "handlers",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(bundle.parent)},
        }
    ]
    for coordinator in (in_folder, in_dag_bundle):
        env = {
            "AIRFLOW__SDK__COORDINATORS": json.dumps({"other": {"classpath": "x.Y"}, "dagfloe": coordinator}),
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(dag_bundles),
        }
        assert list(read_dags(tmp_path, LOADER.format(""), env=env).dags) == ["d"]
    (error,) = read_dags(tmp_path, LOADER.format("")).errors
    assert "no ExecutableCoordinator is configured" in error
    (error,) = read_dags(tmp_path, LOADER.format(", '/nowhere'")).errors
    assert "/nowhere does not exist" in error
    beside = json.dumps({"dagfloe": spec})
    write_bundle(tmp_path / "dags" / "b", small_bundle("beside"))
    result = read_dags(tmp_path, LOADER.format(""), env={"AIRFLOW__SDK__COORDINATORS": beside})
    assert "beside" in result.dags
