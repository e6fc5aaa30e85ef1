"""Stub Dags under the real Airflow: the generated file and the loader give the Dags that authors declare."""

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
class Found:
    """What Airflow found in a Dags folder."""

    dags: dict[str, Any]
    errors: list[str]
    warnings: list[str]


def read(folder: Path, dag_file: str, *roots: Path, env: Mapping[str, str] | None = None) -> Found:
    """Let the real Airflow read a Dags folder of one Dag file."""
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
    return Found(**json.loads(answer.stdout.splitlines()[-1]))


def metadata(bundle: Bundle, schema_version: str = "2026-06-16") -> dict[str, Any]:
    """What a bundle says about itself."""
    return bundle_metadata(BundleConfig("tasks:bundle", "shop", "1", "tasks.py", schema_version=schema_version), bundle)


def write_bundle(path: Path, bundle: Bundle, **config: str) -> Path:
    """Write a bundle file whose program does nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    binary = b"#!/bin/sh\n"
    digest = hashlib.sha256(binary).digest()
    manifest = render_manifest(with_digests(metadata(bundle, **config), digest, b""))
    path.write_bytes(binary + manifest + Trailer(0, len(manifest), digest).pack())
    path.chmod(0o755)
    return path


def small(dag_id: str, **options: Any) -> Bundle:
    """A bundle of one Dag with one task."""
    bundle = Bundle()
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
    """Spans as seconds."""
    return value.total_seconds() if isinstance(value, timedelta) else value


def asset(each: Any) -> dict[str, str]:
    """An asset of the SDK as Airflow's is shown."""
    if isinstance(each, AssetAlias):
        return {"alias": each.name}
    return {name: value for name in ("name", "uri") if (value := getattr(each, name))}


def assert_task(found: dict[str, Any], task: Task, plain: dict[str, Any]) -> None:
    """Compare a task of Airflow with the author's; `plain` is one of Airflow that declares nothing."""
    dag = task.dag
    declared = {name: seconds(value) for name, value in task.declared.items()}
    if task.execution_timeout_s is not None:
        declared["execution_timeout"] = task.execution_timeout_s
    expected = {**plain, "queue": "dagfloe", **declared}
    expected |= {
        "group": task.group,
        "inlets": [asset(each) for each in task.inlets],
        "is_stub": True,
        "mapped": task.mapped
        and [
            {"length": len(value)} if isinstance(value, list) else {"xcom": cast("XComArg", value).task_id}
            for _, value in sorted(task.mapped.items())
        ],
        "outlets": [asset(each) for each in task.outlets],
        "upstream": sorted(each for each in dag.tasks if task.task_id in dag.downstream_of(each)),
    }
    assert found == expected


def assert_dag(found: dict[str, Any], dag: Dag) -> None:
    """Compare a Dag of Airflow with the author's."""
    for name in ("catchup", "dagrun_timeout", "description", "doc_md", "max_active_runs", "max_active_tasks", "params"):
        if name in dag.declared:
            assert found[name] == seconds(dag.declared[name]), name
    for name in ("start_date", "end_date"):
        moment = dag.declared.get(name)
        assert (datetime.fromisoformat(found[name]) if found[name] else None) == moment
    assert found["tags"] == sorted(dag.declared.get("tags", []))
    assert list(found["tasks"]) != []
    assert found["tasks"].keys() == dag.tasks.keys()


@pytest.fixture(params=["generated", "loaded"])
def way(request: pytest.FixtureRequest) -> str:
    """How the Dags get into Airflow."""
    return str(request.param)


def show(folder: Path, bundle: Bundle, way: str) -> Found:
    """The Dags of a bundle in Airflow."""
    path = write_bundle(folder / "bundles" / "deeper" / "shop", bundle)
    text = render_stub(metadata(bundle)) if way == "generated" else LOADER.format(f", {str(path.parents[1])!r}")
    found = read(folder, text, path.parents[1])
    assert (found.errors, found.warnings) == ([], [])
    assert all(dag["runs"] == str(path) for dag in found.dags.values())
    return found


def test_everything(tmp_path: Path, way: str) -> None:
    """Edges, schedule, retries, pools, groups, mapping, assets: Airflow has what the author declared."""
    bundle = everything()
    plain_task = small("plain")
    bundle_of_both = Bundle()
    bundle_of_both._dags = {**bundle.dags, **plain_task.dags}
    found = show(tmp_path, bundle_of_both, way)
    dag = bundle.dags["everything"]
    assert_dag(found.dags["everything"], dag)
    assert found.dags["everything"]["schedule"] == {"assets": [asset(each) for each in dag.declared["schedule"]]}
    assert found.dags["everything"]["timezone"] == "Europe/Berlin"
    for task in dag.tasks.values():
        assert_task(found.dags["everything"]["tasks"][task.task_id], task, found.dags["plain"]["tasks"]["only"])


@pytest.mark.parametrize(("schedule", "shown"), [(None, None), ("@daily", "@daily"), (timedelta(hours=6), 21600.0)])
def test_schedules(tmp_path: Path, schedule: Any, shown: Any) -> None:
    """A cron text, a span, or no schedule."""
    bundle = small("d", schedule=schedule, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc))
    found = show(tmp_path, bundle, "generated")
    assert found.dags["d"]["schedule"] == shown
    assert found.dags["d"]["start_date"] == "2026-01-01T00:00:00+00:00"


HAZARDS = ["self_", "queue", "executor", "task_id", "dag", "params", "ds", "pool", "retries", "item", "task", "list"]


def test_names_of_mapped_parameters(tmp_path: Path) -> None:
    """A parameter may have a name that Airflow keeps for itself: the task is mapped all the same."""
    bundle = Bundle()
    dag = bundle.dag("d")
    namespace: dict[str, Any] = {}
    for name in HAZARDS:
        exec(f"def {name}_mapped({name}): ...", namespace)  # noqa: S102 - functions of these signatures
        task = dag.task(namespace[f"{name}_mapped"])
        with dag:
            task.expand(**{name: [1, 2]})
    found = show(tmp_path, bundle, "generated")
    assert [task["mapped"] for task in found.dags["d"]["tasks"].values()] == [[{"length": 2}]] * len(HAZARDS)


@pytest.mark.parametrize(
    ("name", "edges"),
    [
        ("hello", {"greet": [], "count": ["greet"]}),
        ("weather", {"extract": [], "aggregate": ["extract"], "load": ["aggregate"]}),
    ],
)
def test_examples(tmp_path: Path, dist: Path, name: str, edges: dict[str, list[str]]) -> None:
    """The example bundles' Dags, from their files, with their edges."""
    found = read(tmp_path, LOADER.format(f", {str(dist / name)!r}"), dist / name)
    assert (found.errors, found.warnings) == ([], [])
    tasks = found.dags[name]["tasks"]
    assert {task_id: task["upstream"] for task_id, task in tasks.items()} == edges
    assert {task["queue"] for task in tasks.values()} == {"dagfloe"}


def test_bad_files(tmp_path: Path) -> None:
    """A damaged file, one for another Airflow, and Dags that Airflow refuses: warnings, and the others are there."""
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
    found = read(tmp_path, LOADER.format(f", {str(root)!r}"))
    assert found.errors == []
    assert list(found.dags) == ["good"]
    told = sorted(text.partition("BundleWarning: ")[2].removeprefix(str(root)) for text in found.warnings)
    assert [text.partition(":")[0] for text in told] == ["/cron", "/cut", "/damaged", "/halfway", "/newer"]
    assert "Airflow refuses its Dag 'cron'" in told[0]
    assert "the executable is damaged" in told[2]
    assert "built for another Airflow, with the supervisor's schema 2031-01-01" in told[4]
    checked = read(tmp_path, LOADER.replace("load_", "check_").format(f", {str(root)!r}"))
    assert checked.dags == {}
    (error,) = checked.errors
    assert all(text.partition(": ")[2] in error for text in told)


def test_options(tmp_path: Path) -> None:
    """All tasks may be put on one queue, and the files' digests left to the coordinator."""
    damaged = write_bundle(tmp_path / "bundles" / "b", small("d"))
    damaged.write_bytes(b"?" + damaged.read_bytes()[1:])
    found = read(tmp_path, LOADER.format(f", {str(damaged)!r}, queue='special', verify=False"))
    assert (found.errors, found.warnings) == ([], [])
    assert found.dags["d"]["tasks"]["only"]["queue"] == "special"


def test_two_files_with_one_dag(tmp_path: Path) -> None:
    """The Dag is that of the file that Airflow's coordinator runs; the other file is told of."""
    root = tmp_path / "bundles"
    for name in "abcdef":
        write_bundle(root / name, small("d", description=str(root / name)))
    found = read(tmp_path, LOADER.format(f", {str(root)!r}"), root)
    assert found.dags["d"]["description"] == found.dags["d"]["runs"]
    assert len(found.warnings) == 5
    assert all(f"its Dag 'd' is also in {found.dags['d']['runs']}, which" in text for text in found.warnings)


def test_other_sdk_and_mode(tmp_path: Path, dist: Path) -> None:
    """A bundle of another SDK gives tasks without edges; a file that is not executable counts from Airflow 3.4 on."""
    root = tmp_path / "bundles"
    manifest = metadata(small("quiet"))
    other = {
        **manifest,
        "sdk": {**manifest["sdk"], "language": "go", "name": "go"},
        "dags": {"orders": {"tasks": ["a", "b"]}},
    }
    del other["bundle"]
    data = render_manifest(other)
    path = write_bundle(root / "go", small("go"))
    path.write_bytes(b"#!/bin/sh\n" + data + Trailer(0, len(data), hashlib.sha256(b"#!/bin/sh\n").digest()).pack())
    write_bundle(root / "unset", small("unset")).chmod(0o644)
    found = read(tmp_path, LOADER.format(f", {str(root)!r}"))
    assert found.errors == []
    assert [task["upstream"] for task in found.dags["orders"]["tasks"].values()] == [[], []]
    is_old = ".venvs/airflow-3.3" in os.environ[PYTHON_VARIABLE]
    assert sorted(found.dags) == (["orders"] if is_old else ["orders", "unset"])


def test_configured_folder(tmp_path: Path) -> None:
    """Without a folder the configured coordinators' ones are read; without those it is an import error."""
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
    found = read(tmp_path, LOADER.format(""), env={"AIRFLOW__SDK__COORDINATORS": beside})
    assert "beside" in found.dags
