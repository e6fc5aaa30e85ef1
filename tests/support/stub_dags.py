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

from dagfloe import Asset, AssetAlias, Bundle
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
