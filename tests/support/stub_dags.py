"""Bundle files with programs that do nothing, and Dags folders that a real Airflow reads."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dagfloe import (
    Asset,
    AssetAlias,
    AsyncCallback,
    Bundle,
    DeadlineAlert,
    DeadlineReference,
    Label,
    Param,
    SyncCallback,
    VariableInterval,
)
from dagfloe.format.manifest import render_manifest, with_digests
from dagfloe.format.trailer import Trailer
from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.metadata import bundle_metadata
from support.blocks import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEADLINE_S = 60
PYTHON_VARIABLE = "DAGFLOE_AIRFLOW_PYTHON"
READER = ROOT / "tests" / "airflow" / "read_dags.py"


@dataclass
class DagsFolder:
    """The contents of a Dags folder, as Airflow reads it."""

    dags: dict[str, Any]
    errors: list[str]
    warnings: list[str]


def read_dags(folder: Path, dag_file: str, *roots: Path, env: Mapping[str, str] | None = None) -> DagsFolder:
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
    command = [python, str(READER), str(folder / "dags"), *map(str, roots)]
    answer = subprocess.run(command, capture_output=True, text=True, env=variables, timeout=DEADLINE_S, check=False)
    assert answer.returncode == 0, answer.stderr
    return DagsFolder(**json.loads(answer.stdout.splitlines()[-1]))


def metadata(
    bundle: Bundle, schema_version: str = "2026-06-16", native_dags: bool | tuple[str, ...] = ()
) -> dict[str, Any]:
    """The metadata of a bundle."""
    config = BundleConfig(
        "tasks:bundle", "shop", "1", "tasks.py", schema_version=schema_version, native_dags=native_dags
    )
    return bundle_metadata(config, bundle)


def write_bundle(path: Path, bundle: Bundle, **config: Any) -> Path:
    """Write a bundle file with a program that does nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    binary = b"#!/bin/sh\n"
    digest = hashlib.sha256(binary).digest()
    manifest = render_manifest(with_digests(metadata(bundle, **config), digest, b""))
    path.write_bytes(binary + manifest + Trailer(0, len(manifest), digest).pack())
    path.chmod(0o755)
    return path


def small_bundle(dag_id: str, bundle: Bundle | None = None, **options: Any) -> Bundle:
    """Add a Dag with one task to a bundle, or to a new one."""
    bundle = bundle or Bundle()
    bundle.dag(dag_id, **options).task(task_id="only")(lambda: None)
    return bundle


def complete_bundle() -> Bundle:
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


def optional_bundle() -> Bundle:
    """A bundle with the options that few Dags need."""
    bundle = Bundle()
    late = AsyncCallback("alerts.late")
    dag = bundle.dag(
        "options",
        schedule=Asset("orders", "s3://shop/orders", group="sales", extra={"owner": "ann"})
        & (AssetAlias("any", group="sales") | Asset.ref(name="items") | Asset.ref(uri="s3://x")),
        allowed_run_types=["asset_triggered", "manual"],
        dag_display_name="All options",
        deadline=[
            DeadlineAlert(
                DeadlineReference.DAGRUN_QUEUED_AT,
                timedelta(hours=1),
                AsyncCallback("alerts.late", {"channel": ["ops"]}),
                "late",
            ),
            DeadlineAlert(
                DeadlineReference.FIXED_DATETIME(datetime(2026, 1, 1, tzinfo=timezone.utc)),
                VariableInterval("limit"),
                SyncCallback("a.b", executor="LocalExecutor"),
            ),
            DeadlineAlert(DeadlineReference.AVERAGE_RUNTIME(5, 2), timedelta(minutes=-1), late),
            DeadlineAlert(DeadlineReference.DAGRUN_LOGICAL_DATE, timedelta(minutes=1), late),
        ],
        disable_bundle_versioning=True,
        fail_fast=True,
        is_paused_upon_creation=False,
        max_consecutive_failed_dag_runs=3,
        owner_links={"ann": "https://wiki/ann", "bob": "mailto:bob@shop"},
        params={
            "day": Param("2026-01-01", type="string", format="date"),
            "limit": Param(5, "How many", type="integer", minimum=1),
            "odd": Param(1, schema={"$comment": "it", "default": 3}),
            "plain": [None],
        },
        rerun_with_latest_version=True,
    )

    @dag.setup(
        start_date=datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=2))),
        end_date=datetime(2027, 1, 1, tzinfo=timezone.utc),
        executor_config={"a": [1, None]},
        retry_exponential_backoff=1.5,
    )
    def create() -> None: ...

    group_options: dict[str, Any] = {
        "tooltip": "It",
        "group_display_name": "The group",
        "doc_md": "# it\n\nmore",
        "ui_color": "red",
        "ui_fgcolor": "#fff",
    }
    with dag.group("g", default_args={"pool": "slow"}, **group_options):

        @dag.task(
            do_xcom_push=False,
            multiple_outputs=True,
            ignore_first_depends_on_past=True,
            wait_for_downstream=True,
            wait_for_past_depends_before_skipping=True,
            weight_rule="absolute",
            max_active_tis_per_dag=3,
            max_active_tis_per_dagrun=2,
            task_display_name="Work",
            doc="plain",
            doc_json="{}",
            doc_md="# md",
            doc_rst="rst",
            doc_yaml="a: 1",
        )
        def work(item: int, doc_yaml: int) -> None: ...

        with dag.group("inner"):

            @dag.task(outlets=[Asset("a", extra={"x": 1}), AssetAlias("b", group="c")])
            def more() -> None: ...

    @dag.teardown(on_failure_fail_dagrun=True, retries=2)
    def delete() -> None: ...

    @dag.teardown
    def forget(item: int) -> None: ...

    with dag:
        create() >> Label("now") >> work.expand(item=[1, 2], doc_yaml=[3]) >> Label("it's done") >> more()
        more >> delete().as_teardown(setups=create)
        forget.expand(item=[1]).as_teardown(setups=[create])
    return bundle
