"""Stub Dags in the real Airflow: generated files and the loader create the Dags that authors declare."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import pytest

from dagfloe import Asset, AssetAlias, Bundle
from dagfloe.format.manifest import render_manifest, with_digests
from dagfloe.format.trailer import Trailer
from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.metadata import bundle_metadata
from dagfloe.stub.dag_file import render_stub

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe import Dag, Task
    from dagfloe.authoring.graph import XComArg

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60
PYTHON_VARIABLE = "DAGFLOE_AIRFLOW_PYTHON"
LOADER = "from dagfloe.airflow import load_bundles\n\nload_bundles(globals(){})\n"


@dataclass
class DagsFolder:
    """The contents of a Dags folder, as Airflow reads it."""

    dags: dict[str, Any]
    errors: list[str]
    warnings: list[str]


def read(folder: Path, dag_file: str, *roots: Path, env: Mapping[str, str] | None = None) -> DagsFolder:
    """Read a Dags folder with one Dag file in the real Airflow."""
    python = os.environ.get(PYTHON_VARIABLE)
    assert python, f"{PYTHON_VARIABLE} is not set: run `make airflow-test`"
    (folder / "dags").mkdir(exist_ok=True)
    (folder / "dags" / "dag_file.py").write_text(dag_file, "utf-8")
    variables = {
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "src"),
        **(env or {}),
    }
    command = [python, str(Path(__file__).with_name("read_dags.py")), str(folder / "dags"), *map(str, roots)]
    answer = subprocess.run(command, capture_output=True, text=True, env=variables, timeout=DEADLINE_S, check=False)
    assert answer.returncode == 0, answer.stderr
    return DagsFolder(**json.loads(answer.stdout.splitlines()[-1]))


def metadata(bundle: Bundle, schema_version: str = "2026-06-16") -> dict[str, Any]:
    """The metadata of a bundle."""
    return bundle_metadata(BundleConfig("tasks:bundle", "shop", "1", "tasks.py", schema_version=schema_version), bundle)


def write_bundle(path: Path, bundle: Bundle, **config: str) -> Path:
    """Write a bundle file with a program that does nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    binary = b"#!/bin/sh\n"
    digest = hashlib.sha256(binary).digest()
    manifest = render_manifest(with_digests(metadata(bundle, **config), digest, b""))
    path.write_bytes(binary + manifest + Trailer(0, len(manifest), digest).pack())
    path.chmod(0o755)
    return path


def small(dag_id: str, bundle: Bundle | None = None, **options: Any) -> Bundle:
    """Add a Dag with one task to a bundle, or to a new one."""
    bundle = bundle or Bundle()
    bundle.dag(dag_id, **options).task(task_id="only")(lambda: None)
    return bundle


def everything() -> Bundle:
    """A bundle that declares everything."""
    bundle = Bundle()
    dag = bundle.dag(
        "everything",
        schedule=[Asset("orders", "s3://shop/orders"), Asset("s3://shop/items")],
        start_date=datetime(2026, 1, 1, 6, tzinfo=ZoneInfo("Europe/Berlin")),
        end_date=datetime(2027, 1, 1, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
        catchup=True,
        tags=["sales", 'it\'s "quoted"'],
        params={"limit": 10, "names": ["ä", None, True]},
        description="Everything, with \\ and 'quotes'",
        doc_md='# Everything\n\n"""text"""\n',
        max_active_runs=2,
        max_active_tasks=3,
        dagrun_timeout=timedelta(minutes=90),
        default_args={"owner": "ann", "retries": 1},
    )

    @dag.task(
        retries=3,
        retry_delay=timedelta(seconds=1.5),
        retry_exponential_backoff=True,
        max_retry_delay=timedelta(hours=1),
        execution_timeout=timedelta(minutes=2),
        pool="slow",
        pool_slots=2,
        queue="big",
        priority_weight=-7,
        owner="bob",
        doc_md="It's *the* first.",
        depends_on_past=True,
        outlets=[
            Asset("items", "s3://shop/i/1"),
            AssetAlias("some"),
            Asset.ref(name="by-name"),
            Asset.ref(uri="by://u"),
        ],
        inlets=[Asset("orders", "s3://shop/orders")],
    )
    def extract() -> list[int]:
        return [1]

    with dag.group("prepare"):

        @dag.branch
        def choose() -> str:
            return "prepare.inner.left"

        with dag.group("inner"):

            @dag.task
            def left() -> None: ...

            @dag.task(task_id="right-2.x", trigger_rule="none_failed")
            def right() -> None: ...

    @dag.task(trigger_rule="all_done")
    def load(queue: int, run_id: int, other: object) -> int:
        return queue + run_id

    @dag.task(task_id="class")
    def after(total: list[int]) -> None: ...

    @dag.short_circuit(task_id="Ünicode")
    def last() -> bool:
        return True

    with dag:
        extracted = extract()
        after(load.expand(queue=extracted, run_id=[1, 2], other=[object()] * 3))
        extracted >> choose >> [left, right] >> load
        last()
    return bundle


def seconds(value: Any) -> Any:
    """Convert a timedelta to seconds."""
    return value.total_seconds() if isinstance(value, timedelta) else value


def describe(asset: Any) -> dict[str, str]:
    """Describe an asset of dagfloe like read_dags.py describes one of Airflow."""
    if isinstance(asset, AssetAlias):
        return {"alias": asset.name}
    return {name: value for name in ("name", "uri") if (value := getattr(asset, name))}


def assert_task(actual: dict[str, Any], task: Task, plain: dict[str, Any]) -> None:
    """Compare a task in Airflow with the author's; `plain` is a task in Airflow that declares nothing."""
    dag = task.dag
    declared = {name: seconds(value) for name, value in task.declared.items()}
    if task.execution_timeout_s is not None:
        declared["execution_timeout"] = task.execution_timeout_s
    expected = {**plain, "queue": "dagfloe", **declared}
    expected |= {
        "group": task.group,
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
    for name in ("catchup", "dagrun_timeout", "description", "doc_md", "max_active_runs", "max_active_tasks", "params"):
        if name in dag.declared:
            assert actual[name] == seconds(dag.declared[name]), name
    for name in ("start_date", "end_date"):
        date = dag.declared.get(name)
        assert (datetime.fromisoformat(actual[name]) if actual[name] else None) == date
    assert actual["tags"] == sorted(dag.declared.get("tags", []))
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
    result = read(folder, dag_file, path.parents[1])
    assert (result.errors, result.warnings) == ([], [])
    assert all(dag["runs"] == str(path) for dag in result.dags.values())
    return result


def test_everything(tmp_path: Path, source: str) -> None:
    """Airflow has the edges, schedules, retries, pools, groups, mappings and assets that the author declared."""
    bundle = everything()
    small("plain", bundle)
    result = read_bundle(tmp_path, bundle, source)
    dag = bundle.dags["everything"]
    assert_dag(result.dags["everything"], dag)
    assert result.dags["everything"]["schedule"] == {"assets": [describe(asset) for asset in dag.declared["schedule"]]}
    assert result.dags["everything"]["timezone"] == "Europe/Berlin"
    for task in dag.tasks.values():
        assert_task(result.dags["everything"]["tasks"][task.task_id], task, result.dags["plain"]["tasks"]["only"])


@pytest.mark.parametrize(("schedule", "expected"), [(None, None), ("@daily", "@daily"), (timedelta(hours=6), 21600.0)])
def test_schedules(tmp_path: Path, schedule: Any, expected: Any) -> None:
    """A schedule is a cron expression, a timedelta, or None."""
    bundle = small("d", schedule=schedule, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc))
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
    result = read(tmp_path, LOADER.format(f", {str(dist / name)!r}"), dist / name)
    assert (result.errors, result.warnings) == ([], [])
    tasks = result.dags[name]["tasks"]
    assert {task_id: task["upstream"] for task_id, task in tasks.items()} == edges
    assert {task["queue"] for task in tasks.values()} == {"dagfloe"}


def test_bad_files(tmp_path: Path) -> None:
    """Damaged files, a file for another Airflow and invalid Dags cause warnings; the other Dags are loaded."""
    root = tmp_path / "bundles"
    write_bundle(root / "good", small("good"))
    damaged = write_bundle(root / "damaged", small("damaged"))
    damaged.write_bytes(b"?" + damaged.read_bytes()[1:])
    cut = write_bundle(root / "cut", small("cut"))
    cut.write_bytes(cut.read_bytes()[20:])
    write_bundle(root / "newer", small("newer"), schema_version="2031-01-01")
    write_bundle(root / "cron", small("cron", schedule="61 * * * *"))
    halfway = everything()
    halfway.dags["everything"].tasks["class"].declared["trigger_rule"] = "never"
    write_bundle(root / "halfway", halfway)
    (root / "script").write_text("#!/bin/sh\n", "utf-8")
    (root / "script").chmod(0o755)
    (root / "loop").symlink_to(root)
    result = read(tmp_path, LOADER.format(f", {str(root)!r}"))
    assert result.errors == []
    assert list(result.dags) == ["good"]
    warnings = sorted(line.partition("BundleWarning: ")[2].removeprefix(str(root)) for line in result.warnings)
    assert [warning.partition(":")[0] for warning in warnings] == ["/cron", "/cut", "/damaged", "/halfway", "/newer"]
    assert "Airflow refuses its Dag 'cron'" in warnings[0]
    assert "the executable is damaged" in warnings[2]
    assert "built for another Airflow, with the supervisor's schema 2031-01-01" in warnings[4]
    checked = read(tmp_path, LOADER.replace("load_", "check_").format(f", {str(root)!r}"))
    assert checked.dags == {}
    (error,) = checked.errors
    assert all(warning.partition(": ")[2] in error for warning in warnings)


def test_options(tmp_path: Path) -> None:
    """The loader can put all tasks on one queue, and skip the check of digests."""
    damaged = write_bundle(tmp_path / "bundles" / "b", small("d"))
    damaged.write_bytes(b"?" + damaged.read_bytes()[1:])
    result = read(tmp_path, LOADER.format(f", {str(damaged)!r}, queue='special', verify=False"))
    assert (result.errors, result.warnings) == ([], [])
    assert result.dags["d"]["tasks"]["only"]["queue"] == "special"


def test_two_files_with_one_dag(tmp_path: Path) -> None:
    """The loader takes the Dag from the file that Airflow's coordinator runs, and warns about the other files."""
    root = tmp_path / "bundles"
    for name in "abcdef":
        write_bundle(root / name, small("d", description=str(root / name)))
    result = read(tmp_path, LOADER.format(f", {str(root)!r}"), root)
    assert result.dags["d"]["description"] == result.dags["d"]["runs"]
    assert len(result.warnings) == 5
    assert all(f"its Dag 'd' is also in {result.dags['d']['runs']}, which" in warning for warning in result.warnings)


def test_other_sdk_and_mode(tmp_path: Path, dist: Path) -> None:
    """Tasks of another SDK's bundle have no edges; from Airflow 3.4 on, a file need not be executable."""
    root = tmp_path / "bundles"
    manifest = metadata(small("quiet"))
    go_manifest = {
        **manifest,
        "sdk": {**manifest["sdk"], "language": "go", "name": "go"},
        "dags": {"orders": {"tasks": ["a", "b"]}},
    }
    del go_manifest["bundle"]
    data = render_manifest(go_manifest)
    path = write_bundle(root / "go", small("go"))
    path.write_bytes(b"#!/bin/sh\n" + data + Trailer(0, len(data), hashlib.sha256(b"#!/bin/sh\n").digest()).pack())
    write_bundle(root / "unset", small("unset")).chmod(0o644)
    result = read(tmp_path, LOADER.format(f", {str(root)!r}"))
    assert result.errors == []
    assert [task["upstream"] for task in result.dags["orders"]["tasks"].values()] == [[], []]
    is_old = ".venvs/airflow-3.3" in os.environ[PYTHON_VARIABLE]
    assert sorted(result.dags) == (["orders"] if is_old else ["orders", "unset"])


def test_configured_folder(tmp_path: Path) -> None:
    """Without an argument the loader reads the coordinators' folders; if no coordinator is configured, it fails."""
    bundle = write_bundle(tmp_path / "bundles" / "b", small("d"))
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
        assert list(read(tmp_path, LOADER.format(""), env=env).dags) == ["d"]
    (error,) = read(tmp_path, LOADER.format("")).errors
    assert "no ExecutableCoordinator is configured" in error
    (error,) = read(tmp_path, LOADER.format(", '/nowhere'")).errors
    assert "/nowhere does not exist" in error
    beside = json.dumps({"dagfloe": spec})
    write_bundle(tmp_path / "dags" / "b", small("beside"))
    result = read(tmp_path, LOADER.format(""), env={"AIRFLOW__SDK__COORDINATORS": beside})
    assert "beside" in result.dags
